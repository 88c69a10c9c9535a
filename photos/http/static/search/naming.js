/** The dialog that asks for the name of a search that is saved. */

import { say } from "../state.js";
import { html, useLayoutEffect, useRef } from "../vendor/preact.js";
import { MOST_LETTERS, saveSearch, savedSearches, toName } from "./saved.js";

export function NamingDialog() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const query = toName.value;
  // Before the next key, which is a letter of the name.
  useLayoutEffect(() => {
    if (query === null) dialog.current?.close();
    else dialog.current?.showModal();
    dialog.current?.querySelector("input")?.select();
  }, [query]);
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const name = dialog.current?.querySelector("input")?.value.trim();
    if (!name || query === null) return;
    toName.value = null;
    await saveSearch(query, name);
    if (savedSearches.peek().some((each) => each.query === query)) say(`Saved as “${name}”, under Albums.`);
  };
  return html`<dialog class="small-dialog" ref=${dialog} aria-labelledby="naming-title" onClose=${() => (toName.value = null)}>
    <form method="dialog" onSubmit=${save}>
      <h2 id="naming-title">Save this search</h2>
      <label>Name <input type="text" autocomplete="off" required maxlength=${MOST_LETTERS} value=${(query ?? "").slice(0, MOST_LETTERS)} /></label>
      <div class="buttons">
        <button type="button" onClick=${() => (toName.value = null)}>Cancel</button>
        <button type="submit" class="main">Save</button>
      </div>
    </form>
  </dialog>`;
}
