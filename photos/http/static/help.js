/** The dialog that lists the keys, loaded when it is asked for. */

import { html, useEffect, useRef } from "./vendor/preact.js";

/** Keys by where they work. */
const LISTED = [
  ["Everywhere", [["/", "Search"], ["?", "These keys"], ["Esc", "Close, or leave the selection"]]],
  ["With a label open", [["y  n", "The photo shows it, or does not"], ["← →", "Move the threshold, on its slider"]]],
  ["In the grid", [
    ["← → ↑ ↓", "Go from photo to photo"], ["Enter", "Open the photo"], ["Home  End", "First and last photo"],
    ["Page ↑  Page ↓", "A screen further"], ["x  Space", "Select the photo"], ["Shift + arrows", "Select a range"],
    ["Ctrl + A", "Select all"], ["t", "Tag the selection"], ["d", "Download the selection"], ["q", "Show it as a query"], ["1 … 5  0", "Rate the selection"],
    ["b", "Save the search"],
  ]],
  ["With a photo open", [
    ["← →", "Photo before and after"], ["i", "Facts, tags and reasons"], ["z  + −", "Zoom"], ["x", "Select the photo"],
    ["1 … 5  0", "Rate it"], ["↑ ↓  y  n", "Choose a tag, confirm it, reject it"], ["s", "Similar photos"],
  ]],
];

/** @param {{ isOpen: import("./vendor/preact.js").Signal<boolean> }} properties */
export function Dialog({ isOpen }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    if (isOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen.value]);
  return html`<dialog class="help" ref=${dialog} aria-labelledby="help-title" onClose=${() => (isOpen.value = false)}
      onClick=${(/** @type {MouseEvent} */ event) => event.target === dialog.current && (isOpen.value = false)}>
    <div><h2 id="help-title">Keys</h2>
      <div class="columns">${LISTED.map(([title, keys]) => html`<section key=${title}><h3>${title}</h3><dl>
        ${/** @type {string[][]} */ (keys).map(([key, text]) => html`<div key=${text}><dt>${key.split("  ").map((each) => html`<kbd>${each}</kbd> `)}</dt><dd>${text}</dd></div>`)}
      </dl></section>`)}</div>
      <button type="button" class="main" onClick=${() => (isOpen.value = false)}>Close</button>
    </div>
  </dialog>`;
}
