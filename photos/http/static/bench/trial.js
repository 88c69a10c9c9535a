/** A trial of a label that is new. */

import { get } from "../data/api.js";
import { go } from "../state.js";
import { html, useState } from "../vendor/preact.js";
import { Waiting, useQuestion } from "../views/tiles.js";
import { ExamplesBar, Marked, noMarks } from "./examples.js";

/**
 * @typedef {{ id: number, score: number }} Scored
 * @typedef {{ label: string, threshold: number | null, photos: number, tagged: number,
 *             histogram: { edges: number[], photos: number[] }, clearest: Scored[], borderline: Scored[] }} Report
 */

/** @param {{ text: string }} properties */
export function Trial({ text }) {
  const [report, setReport] = useState(/** @type {Report | null} */ (null));
  const [marks, setMarks] = useState(noMarks);
  const problem = useQuestion((stop) => get("labels/trial", { text }, stop).then(setReport), [text]);
  if (!report) return html`<h2>${text}</h2><${Waiting} problem=${problem} />`;
  const { edges, photos } = report.histogram;
  const most = Math.max(1, ...photos);
  const width = edges[edges.length - 1] - edges[0] || 1;
  const xOf = (/** @type {number} */ score) => Math.max(0, Math.min(100, (100 * (score - edges[0])) / width));
  const list = (/** @type {string} */ title, /** @type {Scored[]} */ some) =>
    some.length > 0 && html`<h3>${title}</h3><ul class="tiles">${some.map((each) => html`<${Marked} key=${each.id} id=${each.id} score=${each.score} kind="" marks=${marks} onMarks=${setMarks} />`)}</ul>`;
  return html`<header class="head"><h2>${report.label}</h2><p class="faint">A trial: nothing is changed yet.</p></header>
    <p class="sum">It would be on <b>${report.tagged.toLocaleString()}</b> of ${report.photos.toLocaleString()} photos${report.threshold === null ? "" : html`, from a score of <b>${report.threshold.toFixed(3)}</b> on`}.</p>
    <div class="histogram"><svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="Number of photos by score">
      ${photos.map((count, i) => {
        const height = count ? Math.max(0.8, 39 * Math.sqrt(count / most)) : 0;
        const x = (100 * (edges[i] - edges[0])) / width;
        const middle = (edges[i] + edges[i + 1]) / 2;
        return html`<rect key=${i} class=${report.threshold !== null && middle >= report.threshold ? "in" : "out"} x=${x + 0.15} y=${40 - height} width=${(100 * (edges[i + 1] - edges[i])) / width - 0.3} height=${height} />`;
      })}
      ${report.threshold !== null && html`<line class="now" x1=${xOf(report.threshold)} x2=${xOf(report.threshold)} y1="0" y2="40" />`}</svg></div>
    <p class="faint">Say of some photos whether they show it (<kbd>y</kbd> <kbd>n</kbd>), and teach it: that adds the label.</p>
    <${ExamplesBar} label=${report.label} marks=${marks} onTaught=${() => go({ label: report.label }, { replace: true })} />
    ${list("The clearest", report.clearest)}
    ${list("Around the threshold", report.borderline)}`;
}
