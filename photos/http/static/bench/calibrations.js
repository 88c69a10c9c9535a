/** How labels score over the library: those that lie far from the others first, with the photos they are clearest on. */

import { change, get } from "../data/api.js";
import { ended } from "../events.js";
import { attempt, go, say } from "../state.js";
import { html, useState } from "../vendor/preact.js";
import { Tile, Waiting, useQuestion } from "../views/tiles.js";

/**
 * @typedef {{ label: string, median: number, spread: number, of_median: number, of_spread: number, minimum: number | null,
 *             clearest: { photo: number, score: number }[] }} Calibration
 * @typedef {{ items: Calibration[], count: number, photos: number | null, measured_at: number | null,
 *             median: number, spread: number }} Report
 */

/** Labels that are shown first, and more of them each time. */
const STEP = 12;
/** Distance from the others, in their spreads, from which a label is worth a look. */
const FAR = 2.5;

export function Calibrations() {
  const [report, setReport] = useState(/** @type {Report | null} */ (null));
  const [shown, setShown] = useState(STEP);
  const [isBusy, setBusy] = useState(false);
  const [version, setVersion] = useState(0);
  const problem = useQuestion((stop) => get("calibrations", { limit: shown }, stop).then(setReport), [shown, version]);
  if (!report) return html`<h2>How labels score</h2><${Waiting} problem=${problem} />`;
  const measure = async () => {
    setBusy(true);
    const job = await attempt(() => change("POST", "calibrations"));
    const done = job && (await ended(job));
    setBusy(false);
    if (done?.state !== "done") return;
    say("The labels were measured again, and photos tagged with that.");
    setVersion(version + 1);
  };
  const lowest = Math.min(...report.items.map((each) => each.median - 2 * each.spread));
  const highest = Math.max(...report.items.map((each) => Math.max(each.minimum ?? -1, each.clearest[0]?.score ?? -1)));
  return html`<header class="head"><h2>How labels score</h2>
      <p class="faint">${report.photos === null || report.measured_at === null
        ? "Labels are measured over 500 photos or more; until then the numbers are of the photos there are, and no tag depends on them."
        : `Measured over ${report.photos.toLocaleString()} photos on ${new Date(report.measured_at * 1000).toLocaleDateString()}.`}
        ${" "}A label whose usual score lies far from the others is often a word that the model reads in another way: look at its clearest photos.</p></header>
    <div class="buttons left"><button type="button" class="plain" disabled=${isBusy} onClick=${measure}>${isBusy ? "Measuring …" : "Measure again"}</button></div>
    <ul class="calibrations">${report.items.map((each) => html`<${Row} key=${each.label} each=${each} lowest=${lowest} highest=${highest} usual=${report.median} />`)}</ul>
    ${report.items.length < report.count && report.items.length < 200 && html`<div class="buttons left"><button type="button" class="plain" onClick=${() => setShown(Math.min(200, shown + STEP))}>Show more of ${report.count.toLocaleString()} labels</button></div>`}`;
}

/** @param {{ each: Calibration, lowest: number, highest: number, usual: number }} properties */
function Row({ each, lowest, highest, usual }) {
  const x = (/** @type {number} */ score) => Math.max(0, Math.min(100, (100 * (score - lowest)) / (highest - lowest || 1)));
  const from = x(each.median - each.spread);
  const text = `Usual score ${each.median.toFixed(3)} ± ${each.spread.toFixed(3)}${each.minimum === null ? "" : `, counts from ${each.minimum.toFixed(3)}`}`;
  return html`<li><h3><button type="button" class="link" onClick=${() => go({ label: each.label })}>${each.label}</button> <small>${reasonOf(each)}</small></h3>
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label=${text}><title>${text}</title>
      <rect class="rail" width="100" height="8" /><line class="usual" x1=${x(usual)} x2=${x(usual)} y1="0" y2="8" />
      <rect class="spread" x=${from} width=${Math.max(0.6, x(each.median + each.spread) - from)} y="1.5" height="5" />
      ${each.minimum !== null && html`<line class="now" x1=${x(each.minimum)} x2=${x(each.minimum)} y1="0" y2="8" />`}</svg>
    <p class="faint numbers">${text}</p>
    <ul class="tiles">${each.clearest.map(({ photo, score }) => html`<${Tile} key=${photo} id=${photo} caption=${score.toFixed(3)} />`)}</ul></li>`;
}

/** Sentence about what is unusual. @param {Calibration} each */
function reasonOf({ of_median: median, of_spread: spread }) {
  if (Math.max(Math.abs(median), Math.abs(spread)) < FAR) return "like the others";
  if (Math.abs(median) >= Math.abs(spread)) return median > 0 ? "scores high on most photos" : "scores low on most photos";
  return spread > 0 ? "scores vary widely" : "scores hardly vary";
}
