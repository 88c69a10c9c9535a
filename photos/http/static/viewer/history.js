/** The changes of a photo's tags, asked for when they are opened. */

import { get } from "../data/api.js";
import { wholeTime } from "../data/dates.js";
import { changes } from "../grid/details.js";
import { html, useState } from "../vendor/preact.js";
import { Waiting, useQuestion } from "../views/tiles.js";

/** @typedef {{ at: string, what: string, label: string | null, origin: string | null, stars: number | null }} Change */

/** @param {{ id: number }} properties */
export function History({ id }) {
  const [isOpen, setOpen] = useState(false);
  return html`<section><details class="history" open=${isOpen} onToggle=${(/** @type {Event} */ event) => event.target instanceof HTMLDetailsElement && setOpen(event.target.open)}>
    <summary>History</summary>
    ${isOpen && html`<${Changes} key=${id} id=${id} />`}</details></section>`;
}

/** @param {{ id: number }} properties */
function Changes({ id }) {
  const [found, setFound] = useState(/** @type {Change[] | null} */ (null));
  const version = changes.value;
  const problem = useQuestion((stop) => get(`photos/${id}/history`, {}, stop).then(({ history }) => setFound(history.reverse())), [id, version]);
  if (!found) return html`<${Waiting} problem=${problem} />`;
  if (!found.length) return html`<p class="faint">Nobody has changed a tag of it.</p>`;
  return html`<ol>${found.map((each, i) => html`<li key=${i}>${textOf(each)}<small>${wholeTime(each.at)}</small></li>`)}</ol>`;
}

/** Sentence about a change. @param {Change} change */
function textOf({ what, label, origin, stars }) {
  if (what === "rated") return stars === null ? "The stars were left to the file" : stars < 0 ? "Rejected" : stars === 0 ? "No stars" : `Rated ${"★".repeat(stars)}`;
  if (what === "edited") return "The picture was edited; its tags were kept";
  const said = { added: "added", rejected: "taken off", cleared: "left to the vocabulary again", imported: origin ? `imported from ${origin}` : "imported" }[what] ?? what;
  return `“${label}” ${said}`;
}
