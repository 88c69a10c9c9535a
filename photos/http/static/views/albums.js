/** The view of albums: saved searches, years and tags, each with a cover. */

import { get, media } from "../data/api.js";
import { libraryChanges } from "../events.js";
import { Icon } from "../icons.js";
import { searchFor } from "../search/bar.js";
import { formatFilter } from "../search/query.js";
import { removeSearch, savedSearches } from "../search/saved.js";
import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { Waiting, useQuestion } from "./tiles.js";

/** Tags that are shown. */
const TAGS = 18;

/** @typedef {{ facet: string, value: string | number, photos: number }} Facet */

export function View() {
  const [years, setYears] = useState(/** @type {Facet[] | null} */ (null));
  const [tags, setTags] = useState(/** @type {{ label: string, photos: number }[]} */ ([]));
  const version = libraryChanges.value;
  const problem = useQuestion((stop) => Promise.all([
    get("facets", { facet: "year" }, stop).then(({ items }) =>
      setYears(items.toSorted((/** @type {Facet} */ one, /** @type {Facet} */ other) => Number(other.value) - Number(one.value))),
    ),
    get("labels", { photos: true }, stop).then(({ items }) => setTags(items)),
  ]), [version]);
  const saved = savedSearches.value;
  const used = tags.filter((each) => each.photos).sort((one, other) => other.photos - one.photos).slice(0, TAGS);
  return html`<header class="head"><h1>Albums</h1></header>
    <h2 class="first">Saved searches</h2>
    ${saved.length === 0
      ? html`<p class="faint">Search for something, and save it with the bookmark beside the chips.</p>`
      : html`<ul class="cards">${saved.map((each) => html`<${Card} key=${each.name} q=${each.query} name=${each.name} onRemove=${() => removeSearch(each.name)} />`)}</ul>`}
    ${years === null && html`<${Waiting} problem=${problem} />`}
    ${years && years.length > 0 && html`<h2>Years</h2><ul class="cards">${years.map(({ value, photos }) => html`<${Card} key=${value} q=${`year:${value}`} name=${String(value)} count=${photos} />`)}</ul>`}
    ${used.length > 0 && html`<h2>Tags</h2><ul class="cards">${used.map(({ label, photos }) => html`<${Card} key=${label} q=${formatFilter({ name: "tag", values: [label], negated: false })} cover=${label} name=${label} count=${photos} />`)}</ul>`}`;
}

/**
 * A search with its best photo, or the best photo of another query as *cover*.
 * @param {{ q: string, name: string, count?: number, cover?: string, onRemove?: () => void }} properties
 */
function Card({ q, name, count, cover, onRemove }) {
  const root = useRef(/** @type {HTMLElement | null} */ (null));
  const [photo, setPhoto] = useState(/** @type {number | null} */ (null));
  useEffect(() => {
    const stop = new AbortController();
    // Covers are asked for as they come into view.
    const observer = new IntersectionObserver(([seen]) => {
      if (!seen.isIntersecting) return;
      observer.disconnect();
      get("photos", { query: cover ? `${q} "${cover.replaceAll(/["\\]/g, " ")}"` : q, limit: 1 }, stop.signal).then(
        ({ matches }) => setPhoto(matches[0]?.id ?? null),
        () => {
          // The card works without a cover.
        },
      );
    });
    if (root.current) observer.observe(root.current);
    return () => {
      observer.disconnect();
      stop.abort();
    };
  }, [q, cover]);
  return html`<li class="card" ref=${root}>
    <a href=${`/?q=${encodeURIComponent(q)}`} onClick=${(/** @type {MouseEvent} */ event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      searchFor(q);
    }}><span class="picture">${photo !== null && html`<img src=${media(photo, "320.webp")} alt="" decoding="async" />`}</span>
      <strong>${name}</strong>${count !== undefined && html`<small>${count.toLocaleString()} ${count === 1 ? "photo" : "photos"}</small>`}</a>
    ${onRemove && html`<button type="button" class="round small remove" aria-label=${`Remove ${name}`} onClick=${onRemove}><${Icon} name="close" /></button>`}
  </li>`;
}
