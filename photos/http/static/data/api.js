/** Requests to the server. */

import { decodeStrip } from "./strip.js";

const BASE = "/api/v1/";

/** A sentence of the program without its marks for code. @param {string} sentence */
export function plain(sentence) {
  return sentence.replace(/`([^`]*)`/g, "“$1”");
}

/** An answer that is an error: its sentence is the message. */
export class Problem extends Error {
  /** @param {string} sentence @param {string} code @param {number} status */
  constructor(sentence, code, status) {
    super(sentence);
    this.code = code;
    this.status = status;
  }
}

/** Sentence about a request that failed. @param {unknown} error */
export function sentenceOf(error) {
  return error instanceof Problem ? error.message : String(error);
}

/**
 * @typedef {{ [name: string]: string | number | boolean | null | undefined }} Parameters
 */

/**
 * Returns the address of a part of the API. Parameters without a value are left out.
 * @param {string} path @param {Parameters} [parameters]
 */
export function address(path, parameters = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  return `${BASE}${path}${search.size ? `?${search}` : ""}`;
}

/**
 * Sends a request. Throws a `Problem` if it fails, and the signal's error if it is aborted.
 * @param {string} url @param {RequestInit} [options] @returns {Promise<Response>}
 */
export async function send(url, options = {}) {
  let response;
  try {
    response = await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem("The program does not answer. Is it still running?", "unreachable", 0);
  }
  if (response.ok) return response;
  let said = { title: `The program answers with status ${response.status}.`, code: "status" };
  try {
    said = { ...said, ...(await response.json()) };
  } catch {
    // A proxy may answer with a page; the status is all there is to say.
  }
  throw new Problem(plain(said.title), said.code, response.status);
}

/**
 * Returns a JSON answer.
 * @param {string} path @param {Parameters} [parameters] @param {AbortSignal} [signal] @returns {Promise<any>}
 */
export async function get(path, parameters, signal) {
  return (await send(address(path, parameters), { signal })).json();
}

/**
 * Returns a strip.
 * @param {string} path @param {Parameters} [parameters] @param {AbortSignal} [signal]
 */
export async function getStrip(path, parameters, signal) {
  return decodeStrip(await (await send(address(path, parameters), { signal })).arrayBuffer());
}

/**
 * Sends a change, and returns the JSON answer, if there is one.
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method @param {string} path @param {unknown} [body] @returns {Promise<any>}
 */
export async function change(method, path, body) {
  const headers = { "Content-Type": "application/json" };
  const response = await send(address(path), { method, headers, body: JSON.stringify(body ?? {}) });
  return response.status === 204 || response.headers.get("Content-Length") === "0" ? null : response.json();
}

/** Address of a photo's picture. @param {number} id @param {"320.webp" | "1440.jpg" | "2048.jpg" | "original"} size */
export function media(id, size) {
  return `/media/id/${id}/${size}`;
}
