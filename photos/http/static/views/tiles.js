/** Small parts that several views share. */

import { media, sentenceOf } from "../data/api.js";
import { go, returns } from "../state.js";
import { html, useEffect, useState } from "../vendor/preact.js";

/**
 * A picture that opens its photo, with what is said below it.
 * @param {{ id: number, caption?: string, alt?: string, children?: unknown, mark?: string, onKeyDown?: (event: KeyboardEvent) => void }} properties
 */
export function Tile({ id, caption, alt, children, mark, onKeyDown }) {
  return html`<li class=${`tile${mark ? ` ${mark}` : ""}`} onKeyDown=${onKeyDown}>
    <button type="button" class="picture" onClick=${() => go({ photo: id })} aria-label=${alt ?? `Photo ${id}${caption ? `, ${caption}` : ""}`}>
      <img src=${media(id, "320.webp")} alt="" loading="lazy" decoding="async" /></button>
    ${caption && html`<span class="below">${caption}</span>`}
    ${children}
  </li>`;
}

/** Text about a wait, or a failure. @param {{ problem: string | null }} properties */
export function Waiting({ problem }) {
  return problem ? html`<p class="problem" role="alert">${problem}</p>` : html`<p class="faint" role="status"><span class="busy"></span> One moment …</p>`;
}

/**
 * Asks when a view is shown, and again when one of *inputs* is another; the question before is aborted. One that failed is
 * asked again when the program answers again. Returns the sentence about the last failure, or null.
 * @param {(stop: AbortSignal) => Promise<unknown>} ask @param {readonly unknown[]} inputs
 */
export function useQuestion(ask, inputs) {
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  useEffect(() => {
    const stop = new AbortController();
    let unsubscribe = () => {};
    const run = () =>
      ask(stop.signal).then(
        () => setProblem(null),
        (error) => {
          if (stop.signal.aborted) return;
          setProblem(sentenceOf(error));
          const failedAt = returns.peek();
          unsubscribe = returns.subscribe((now) => {
            if (now === failedAt) return;
            unsubscribe();
            run();
          });
        },
      );
    run();
    return () => {
      stop.abort();
      unsubscribe();
    };
  }, inputs);
  return problem;
}
