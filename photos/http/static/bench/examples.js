/** Photos that are named as showing a label, or as not showing it. */

import { change, media } from "../data/api.js";
import { ended } from "../events.js";
import { Icon } from "../icons.js";
import { attempt, say } from "../state.js";
import { html, useState } from "../vendor/preact.js";
import { Tile } from "../views/tiles.js";

/** @typedef {ReadonlyMap<number, boolean>} Marks photos by id, true if they show the label */

/** @type {Marks} */
export const noMarks = new Map();

/**
 * A photo with its score, and keys to say whether it shows the label: `y` and `n`.
 * @param {{ id: number, score: number, kind: string, marks: Marks, onMarks: (marks: Marks) => void }} properties
 */
export function Marked({ id, score, kind, marks, onMarks }) {
  const said = marks.get(id);
  const mark = (/** @type {boolean} */ shows) => {
    const next = new Map(marks);
    if (said === shows) next.delete(id);
    else next.set(id, shows);
    onMarks(next);
  };
  const keyed = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== "y" && event.key !== "n") return;
    event.preventDefault();
    mark(event.key === "y");
    const own = event.target instanceof HTMLElement ? event.target.closest(".tile") : null;
    if (own) nextUnanswered(own, id)?.focus();
  };
  return html`<${Tile} onKeyDown=${keyed} id=${id} caption=${score.toFixed(3)} mark=${said === undefined ? kind : said ? "said-yes" : "said-no"}>
    <span class="marks"><button type="button" class="round small yes" aria-label="It shows this" title="It shows this (y)" aria-pressed=${said === true ? "true" : "false"} onClick=${() => mark(true)}><${Icon} name="check" /></button>
    <button type="button" class="round small no" aria-label="It does not" title="It does not (n)" aria-pressed=${said === false ? "true" : "false"} onClick=${() => mark(false)}><${Icon} name="close" /></button></span>
  <//>`;
}

/** The next picture below that has no answer yet: a photo may stand in several lists. @param {Element} own @param {number} id @returns {HTMLElement | null} */
function nextUnanswered(own, id) {
  const tiles = [...document.querySelectorAll(".tile")];
  const next = tiles.slice(tiles.indexOf(own) + 1).find((tile) => !tile.matches(".said-yes, .said-no") && !tile.querySelector(`img[src="${media(id, "320.webp")}"]`));
  return next?.querySelector("button") ?? null;
}

/** @param {{ label: string, marks: Marks, onTaught: () => void }} properties */
export function ExamplesBar({ label, marks, onTaught }) {
  const [isBusy, setBusy] = useState(false);
  if (!marks.size) return null;
  const yes = [...marks].filter(([, shows]) => shows).map(([id]) => id);
  const no = [...marks].filter(([, shows]) => !shows).map(([id]) => id);
  const teach = async () => {
    setBusy(true);
    const job = await attempt(() => change("POST", `labels/${encodeURIComponent(label)}/examples`, { yes, no }));
    const done = job && (await ended(job));
    setBusy(false);
    if (done?.state !== "done") return;
    say(`“${label}” was taught by ${marks.size} ${marks.size === 1 ? "photo" : "photos"}.`);
    onTaught();
  };
  return html`<div class="teach" role="toolbar" aria-label="Examples"><strong>${yes.length} yes, ${no.length} no</strong>
    <button type="button" class="main" disabled=${isBusy} onClick=${teach}>${isBusy ? "Teaching …" : `Teach “${label}”`}</button></div>`;
}
