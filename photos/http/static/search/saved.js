/** Saved searches: names and queries, kept in this browser. */

import { signal } from "../vendor/preact.js";

const KEY = "photos-searches";
const MOST = 200;

/** @typedef {{ name: string, q: string }} Saved */

/** @returns {Saved[]} */
function read() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    if (!Array.isArray(found)) return [];
    return found.filter((each) => typeof each?.name === "string" && typeof each?.q === "string");
  } catch {
    return [];
  }
}

/** The newest first. @type {import("../vendor/preact.js").Signal<Saved[]>} */
export const savedSearches = signal(read());

/** @param {Saved[]} next */
function keep(next) {
  savedSearches.value = next.slice(0, MOST);
  localStorage.setItem(KEY, JSON.stringify(savedSearches.peek()));
}

/** Saves a search, in place of one of the same query. @param {string} q @param {string} [name] */
export function saveSearch(q, name = q) {
  keep([{ name, q }, ...savedSearches.peek().filter((each) => each.q !== q)]);
}

/** @param {string} q */
export function removeSearch(q) {
  keep(savedSearches.peek().filter((each) => each.q !== q));
}

addEventListener("storage", (event) => {
  if (event.key === KEY) savedSearches.value = read();
});
