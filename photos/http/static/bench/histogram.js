/** A histogram of scores, over which a threshold is moved. */

import { histogram } from "../data/ranking.js";
import { html, useMemo } from "../vendor/preact.js";

const BARS = 72;

/**
 * @param {{ scores: Float32Array, threshold: number, saved: number, onMove: (threshold: number) => void }} properties
 */
export function ScoreHistogram({ scores, threshold, saved, onMove }) {
  const { low, high, counts } = useMemo(() => histogram(scores, BARS), [scores]);
  const most = Math.max(1, ...counts);
  const width = high - low || 1;
  const x = (/** @type {number} */ score) => Math.max(0, Math.min(100, (100 * (score - low)) / width));
  return html`<div class="histogram">
    <svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="Number of photos by score">
      ${[...counts].map((count, i) => {
        // Roots show the few clear photos beside the many others.
        const height = count ? Math.max(0.8, 39 * Math.sqrt(count / most)) : 0;
        const middle = low + ((i + 0.5) * width) / BARS;
        return html`<rect key=${i} class=${middle >= threshold ? "in" : "out"} x=${(100 * i) / BARS + 0.12} width=${100 / BARS - 0.24} y=${40 - height} height=${height} />`;
      })}
      <line class="saved" x1=${x(saved)} x2=${x(saved)} y1="0" y2="40" />
      <line class="now" x1=${x(threshold)} x2=${x(threshold)} y1="0" y2="40" />
    </svg>
    <input type="range" aria-label="Score from which the label counts" aria-valuetext=${threshold.toFixed(3)} min=${low} max=${high} step=${width / 1000} value=${threshold}
      onInput=${(/** @type {Event} */ event) => event.target instanceof HTMLInputElement && onMove(Number(event.target.value))} />
    <div class="scale" aria-hidden="true"><span>${low.toFixed(2)}</span><span>score</span><span>${high.toFixed(2)}</span></div>
  </div>`;
}
