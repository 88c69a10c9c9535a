/** Describers: other models that photos have descriptions by, and a button to delete these. */

import { get } from "../data/api.js";
import { wholeTime } from "../data/dates.js";
import { isUnfinished, jobs, libraryChanges } from "../events.js";
import { photosText } from "../state.js";
import { html, useState } from "../vendor/preact.js";
import { asked } from "./models.js";
import { useQuestion } from "./tiles.js";

/** @typedef {{ describer: string, photos: number, last_at: string }} Describer */

export function Describers() {
  const [items, setItems] = useState(/** @type {Describer[]} */ ([]));
  const running = [...jobs.value.values()].filter((job) => job.kind === "describe" && isUnfinished(job)).length;
  useQuestion((stop) => get("describers", {}, stop).then((found) => setItems(found.items)), [libraryChanges.value, running]);
  if (!items.length) return null;
  return html`<h2>Describers</h2>
    <ul class="models">${items.map(({ describer, photos, last_at: lastAt }) => html`<li key=${describer}><div><strong class="break">${describer}</strong>
      <p class="faint">${photosText(photos)}, the last one ${wholeTime(lastAt)}</p></div>
      <div class="buttons"><button type="button" class="quiet" onClick=${() => (asked.value = {
        title: `Delete what ${describer} said?`,
        text: `Its captions, words and texts of ${photosText(photos)} are deleted. To have them again, the photos have to be described again.`,
        button: "Delete", method: "DELETE", path: `describers/${encodeURIComponent(describer)}`,
      })}>Delete<span class="hidden"> what ${describer} said</span></button></div></li>`)}</ul>`;
}
