/** What the page shows: its address, the photos of the query, and the selection, as signals. */

import { computed, signal } from "./vendor/preact.js";
import { Problem, getStrip } from "./data/api.js";
import { NEAR, chanceLimit, combine, countFrom, descending, usual } from "./data/ranking.js";
import { parseQuery } from "./search/query.js";

/**
 * @typedef {{ view: string, q: string, sort: string, photo: number | null, label: string, model: string }} Route
 *
 * Photos of a query in order. Columns are in the order of the strip; `order` gives their places if weights were moved.
 * `days` is null in a ranking, which has no headings; `allDays` are the days in any case.
 * @typedef {{ query: string, sort: string, model: string, count: number, ids: Int32Array, aspects: Uint8Array, days: Int32Array | null,
 *             allDays: Int32Array, scores: Float32Array | null, order: Uint32Array | null, least: number | null,
 *             standing: number, reason: string | null, hash: string }} Photos
 */

/** @returns {Route} */
function routeOfAddress() {
  const search = new URLSearchParams(location.search);
  const photo = Number(search.get("photo"));
  return {
    view: search.get("view") ?? "photos",
    q: search.get("q") ?? "",
    sort: search.get("sort") ?? "",
    photo: Number.isSafeInteger(photo) && photo > 0 ? photo : null,
    label: search.get("label") ?? "",
    model: search.get("model") ?? "",
  };
}

/** @param {Route} to */
export function addressOf({ view, q, sort, photo, label, model }) {
  const search = new URLSearchParams();
  if (view !== "photos") search.set("view", view);
  if (label) search.set("label", label);
  if (q) search.set("q", q);
  if (sort) search.set("sort", sort);
  if (model) search.set("model", model);
  if (photo) search.set("photo", String(photo));
  return search.size ? `/?${search}` : "/";
}

export const route = signal(routeOfAddress());

/** Whether the page itself went to the address before this one, so that closing a photo may go back. */
let hasOwnHistory = false;

/**
 * Goes to an address: a new one in the browser's history, or in place of the current one.
 * @param {Partial<Route>} patch @param {{ replace?: boolean }} [options]
 */
export function go(patch, { replace = false } = {}) {
  const to = { ...route.peek(), ...patch };
  const url = addressOf(to);
  if (url === addressOf(route.peek())) return;
  if (replace) history.replaceState(history.state, "", url);
  else {
    history.pushState({ own: true }, "", url);
    hasOwnHistory = true;
  }
  route.value = to;
}

/** Closes the photo: back to the grid, by the browser's history where that leads there. */
export function closePhoto() {
  if (hasOwnHistory && history.state?.own) history.back();
  else go({ photo: null }, { replace: true });
}

addEventListener("popstate", () => {
  route.value = routeOfAddress();
});

/** @type {import("./vendor/preact.js").Signal<Photos | null>} */
export const photos = signal(/** @type {Photos | null} */ (null));
export const isLoading = signal(false);
/** Sentence about the query that cannot be answered, or null. */
export const failure = signal(/** @type {string | null} */ (null));
/** What `status` answers, once it did. @type {import("./vendor/preact.js").Signal<any>} */
export const status = signal(null);

/** Grows when the program answers again after it did not, so that what failed is tried again. */
export const returns = signal(0);

/** Sentence that is shown for a while, with what can be done about it. */
export const notice = signal(/** @type {{ text: string, action?: { label: string, run: () => void } } | null} */ (null));
/** @type {ReturnType<typeof setTimeout> | undefined} */
let noticeTimer;

/** Shows a sentence for some seconds. @param {string} text @param {{ label: string, run: () => void }} [action] */
export function say(text, action) {
  notice.value = { text, action };
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (notice.value = null), action ? 10_000 : 5_000);
}

/** Runs a change, and says its sentence if it fails. @template T @param {() => Promise<T>} run @returns {Promise<T | null>} */
export async function attempt(run) {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(error.message);
    return null;
  }
}

/** @type {AbortController | undefined} */
let loading;

/** Asks again after a change of the library, and shows the answer only if it is another one. */
export async function refresh() {
  const before = photos.peek();
  if (!before || isLoading.peek() || weights.peek()) return;
  const { header } = await getStrip("strip", { query: before.query, sort: before.sort, model: before.model || null });
  if (String(header.order ?? "") !== before.hash && photos.peek() === before) load();
}

/** Asks for the photos of the route's query, and leaves an earlier question. */
export async function load() {
  const { q, sort, model } = route.peek();
  loading?.abort();
  loading = new AbortController();
  const { signal: stop } = loading;
  isLoading.value = true;
  try {
    const { header, columns } = await getStrip("strip", { query: q, sort, model: model || null }, stop);
    const scores = /** @type {Float32Array | undefined} */ (columns.get("score")) ?? null;
    const days = /** @type {Int32Array} */ (columns.get("day"));
    const least = typeof header.least === "number" ? header.least : null;
    const isRanking = scores !== null && sort !== "date";
    failure.value = null;
    weights.value = null;
    terms.value = null;
    photos.value = {
      query: q, sort, model, count: header.count, scores, least, order: null, allDays: days,
      ids: /** @type {Int32Array} */ (columns.get("id")),
      aspects: /** @type {Uint8Array} */ (columns.get("aspect")),
      days: isRanking ? null : days,
      standing: isRanking && least !== null ? countFrom(scores, least) : -1,
      reason: typeof header.reason === "string" ? header.reason : null,
      hash: String(header.order ?? ""),
    };
    isLoading.value = false;
    if (isRanking) await loadTerms(q, sort, model, stop);
  } catch (error) {
    if (stop.aborted) return;
    isLoading.value = false;
    if (!(error instanceof Problem)) throw error;
    failure.value = error.message;
  }
}

/** Number of the photo at a place of the order. @param {Photos} all @param {number} i */
export function placeOf(all, i) {
  return all.order ? all.order[i] : i;
}

/** Id of the photo that is shown as number *i*. @param {Photos} all @param {number} i */
export function idAt(all, i) {
  return all.ids[placeOf(all, i)];
}

/** Number at which a photo is shown, or -1. @param {Photos} all @param {number} id */
export function indexOf(all, id) {
  const place = all.ids.indexOf(id);
  return place < 0 || !all.order ? place : all.order.indexOf(place);
}

/**
 * Cosines of the terms, for weights that move without a request.
 * @type {import("./vendor/preact.js").Signal<{ columns: Float32Array[], gram: number[][], query: string } | null>}
 */
export const terms = signal(/** @type {any} */ (null));
/** Weights that were moved, one for each term; null where the query's own hold. */
export const weights = signal(/** @type {number[] | null} */ (null));

/** @param {string} q @param {string} sort @param {string} model @param {AbortSignal} stop */
async function loadTerms(q, sort, model, stop) {
  let count = 0;
  try {
    count = parseQuery(q).terms.length;
  } catch {
    return;
  }
  if (count < 2) return;
  const { header, columns } = await getStrip("terms", { query: q, sort, model: model || null }, stop);
  if (String(header.order ?? "") !== photos.peek()?.hash) return;
  const wanted = header.columns.filter((each) => each.name.startsWith("term"));
  terms.value = {
    columns: wanted.map((each) => /** @type {Float32Array} */ (columns.get(each.name))),
    gram: /** @type {number[][]} */ (header.gram),
    query: q,
  };
}

/** Ranks the photos by other weights. No request. @param {number[]} wanted */
export function weigh(wanted) {
  const now = photos.peek();
  const known = terms.peek();
  if (!now || !known || wanted.length !== known.columns.length) return;
  const scores = combine(known.columns, wanted, known.gram, weights.peek() ? (now.scores ?? undefined) : undefined);
  if (!scores) return;
  const order = descending(scores);
  const { median, spread } = usual(scores, order);
  const least = Math.min(chanceLimit(now.count, median, spread), NEAR);
  weights.value = wanted;
  photos.value = { ...now, scores, order, least, standing: Number.isFinite(least) ? countFrom(scores, least, order) : -1 };
}

/** Ids of the selected photos. @type {import("./vendor/preact.js").Signal<Set<number>>} */
export const selection = signal(new Set());
export const isSelecting = computed(() => selection.value.size > 0);
/** Whether the dialogs that ask for a tag, and for the kind of a download, are open. */
export const asksForTag = signal(false);
export const asksForDownload = signal(false);

/** @param {number} count */
export function photosText(count) {
  return `${count.toLocaleString()} ${count === 1 ? "photo" : "photos"}`;
}

/** Number of the photo that a range starts at. */
let anchor = 0;

/** Selects a photo, or leaves it out again. @param {number} i */
export function toggle(i) {
  const all = photos.peek();
  if (!all) return;
  const next = new Set(selection.peek());
  const id = idAt(all, i);
  if (!next.delete(id)) next.add(id);
  anchor = i;
  selection.value = next;
}

/** Selects all photos from the one selected last to number *i*. @param {number} i */
export function selectTo(i) {
  const all = photos.peek();
  if (!all) return;
  const next = new Set(selection.peek());
  const [from, to] = anchor < i ? [anchor, i] : [i, anchor];
  for (let at = from; at <= Math.min(to, all.count - 1); at++) next.add(idAt(all, at));
  selection.value = next;
}

/** Selects photos of the order. @param {number} from @param {number} until */
export function selectRange(from, until) {
  const all = photos.peek();
  if (!all) return;
  const next = new Set(selection.peek());
  for (let at = from; at < until; at++) next.add(idAt(all, at));
  selection.value = next;
}

export function clearSelection() {
  selection.value = new Set();
}
