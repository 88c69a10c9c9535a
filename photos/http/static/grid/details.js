/** What is known of single photos: asked for in batches, and kept for a while. */

import { get } from "../data/api.js";
import { wholeTime } from "../data/dates.js";
import { signal } from "../vendor/preact.js";

const MOST = 4000;
const BATCH = 100;

/**
 * @typedef {{ label: string, score: number | null, probability: number | null, calibrated: number | null,
 *             threshold: number | null, source: string, origin: string | null, implied_by: string | null }} Tag
 * @typedef {{ id: number, path: string, paths: string[], companions: string[], taken_at: string | null, tags: Tag[],
 *             caption: string | null, rating: number | null, width: number, height: number, format: string,
 *             camera: string | null, lens: string | null, focal_length: number | null, aperture: number | null,
 *             exposure: number | null, iso: number | null, latitude: number | null, longitude: number | null,
 *             keywords: string[], hash?: string, date_source: string | null }} Details
 */

/** @type {Map<number, Details>} */
const known = new Map();

/** Details of a photo that were asked for before, or undefined. @param {number} id */
export function recall(id) {
  return known.get(id);
}

/** Counts changes of the photo that is shown, so that its details are asked for again. */
export const changes = signal(0);

/** Forgets photos that were changed. @param {Iterable<number>} ids */
export function forget(ids) {
  for (const id of ids) known.delete(id);
}

/**
 * Asks for details of photos that are not known yet.
 * @param {number[]} ids @param {AbortSignal} [stop]
 */
export async function fetchDetails(ids, stop) {
  const wanted = ids.filter((id) => !known.has(id));
  for (let at = 0; at < wanted.length; at += BATCH) {
    const { matches } = await get("photos", { ids: wanted.slice(at, at + BATCH).join(",") }, stop);
    for (const each of matches) known.set(each.id, each);
  }
  // A map keeps the order in which keys were set, so the first ones are the oldest.
  for (const id of known.keys()) {
    if (known.size <= MOST) break;
    known.delete(id);
  }
}

/** Sentence about a photo for those who do not see it: tags and date. @param {Details} details */
export function alternative(details) {
  const tags = details.tags.slice(0, 6).map((each) => each.label).join(", ");
  const said = [details.caption, tags].filter(Boolean).join(". ") || `Photo ${details.path.split("/").pop()}`;
  return details.taken_at ? `${said}. ${wholeTime(details.taken_at)}` : said;
}
