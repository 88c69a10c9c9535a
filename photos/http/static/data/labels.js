/** Names of labels, for fields that take one. */

import { html, signal } from "../vendor/preact.js";
import { get } from "./api.js";

const names = signal(/** @type {string[] | null} */ (null));

/** Asks for the names once; without them the field takes any text as before. */
export function wantLabelNames() {
  if (names.peek()) return;
  names.value = [];
  get("labels").then(
    ({ items }) => (names.value = items.map((/** @type {{ label: string }} */ each) => each.label)),
    () => (names.value = null),
  );
}

/** A list for a field's completion. @param {{ id: string }} properties */
export function LabelNames({ id }) {
  return html`<datalist id=${id}>${names.value?.map((name) => html`<option key=${name} value=${name}></option>`)}</datalist>`;
}
