/** Saved searches: names and queries, kept in the library. */

import { Problem, change, get } from "../data/api.js";
import { attempt, say } from "../state.js";
import { signal } from "../vendor/preact.js";

/** Where earlier versions kept them, in this browser. */
const KEY = "photos-searches";
/** Letters of a name. */
export const MOST_LETTERS = 200;

const UNPROCESSABLE = 422;

/** @typedef {{ name: string, query: string }} Saved */

/** The newest first. @type {import("../vendor/preact.js").Signal<Saved[]>} */
export const savedSearches = signal([]);
/** The query that is to be given a name; null while none is. */
export const toName = signal(/** @type {string | null} */ (null));

/** Asks the library for its saved searches, and gives it those that are still in this browser. */
export async function loadSaved() {
  try {
    savedSearches.value = (await get("searches")).items;
    for (const each of ofBrowser()) await takeOver(each);
    localStorage.removeItem(KEY);
  } catch {
    // Those of this browser stay there, and are taken over another time: the gallery may be read-only here.
    savedSearches.value = [...savedSearches.peek(), ...ofBrowser()];
  }
}

/** @returns {Saved[]} */
function ofBrowser() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    if (!Array.isArray(found)) return [];
    return found
      .filter((each) => typeof each?.name === "string" && typeof each?.q === "string")
      .map(({ name, q }) => ({ name, query: q }))
      .filter(({ query }) => !savedSearches.peek().some((each) => each.query === query));
  } catch {
    return [];
  }
}

/** @param {Saved} saved */
async function takeOver({ name, query }) {
  const names = new Set(savedSearches.peek().map((each) => each.name));
  let free = name.slice(0, MOST_LETTERS);
  for (let number = 2; names.has(free); number++) free = `${name.slice(0, MOST_LETTERS - 9)} (${number})`;
  try {
    await put(query, free);
  } catch (error) {
    // What is no query cannot be searched for, either.
    if (!(error instanceof Problem) || error.status !== UNPROCESSABLE) throw error;
  }
}

/** @param {string} query @param {string} name */
async function put(query, name) {
  const saved = await change("PUT", `searches/${encodeURIComponent(name)}`, { query });
  savedSearches.value = [saved, ...savedSearches.peek().filter((each) => each.name !== saved.name)];
}

/** Saves a search, in place of one of the same name. @param {string} query @param {string} name */
export async function saveSearch(query, name) {
  await attempt(() => put(query, name));
}

/** Removes a saved search, with a way back. @param {string} name */
export async function removeSearch(name) {
  const removed = await attempt(() => change("DELETE", `searches/${encodeURIComponent(name)}`));
  if (!removed) return;
  savedSearches.value = savedSearches.peek().filter((each) => each.name !== name);
  say(`“${name}” is no longer saved.`, { label: "Undo", run: () => saveSearch(removed.query, removed.name) });
}

/** Asks for a name to save a query under, or removes the query that is saved. @param {string} query */
export function toggleSaved(query) {
  const saved = savedSearches.peek().find((each) => each.query === query);
  if (saved) removeSearch(saved.name);
  else toName.value = query;
}
