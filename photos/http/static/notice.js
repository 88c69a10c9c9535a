/** Sentences that are shown for a while, each with what can be done about it. */

import { absence } from "./events.js";
import { notice } from "./state.js";
import { html } from "./vendor/preact.js";

/** Shows the sentence. While a dialog is open, nothing outside it can be pressed, so the dialog has one of its own. */
export function Notice() {
  const now = notice.value ?? (absence.value === null ? null : { text: absence.value });
  return html`<div class="notice" role="status" aria-live="polite">
    ${now && html`<div><span>${now.text}</span>${"action" in now && now.action && html`<button type="button" onClick=${() => {
      now.action?.run();
      notice.value = null;
    }}>${now.action.label}</button>`}</div>`}
  </div>`;
}
