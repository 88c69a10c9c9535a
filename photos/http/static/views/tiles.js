/** Small parts that several views share. */

import { media } from "../data/api.js";
import { go } from "../state.js";
import { html } from "../vendor/preact.js";

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
