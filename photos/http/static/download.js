/** The dialog that asks for the kind of a download, and the download of selected photos as one archive. */

import { change } from "./data/api.js";
import { asksForDownload, attempt, photosText, say } from "./state.js";
import { html, useEffect, useRef } from "./vendor/preact.js";

/** Photos of an archive whose address has their numbers, and of any. */
const MOST_IN_ADDRESS = 1000;
const MOST_FILES = 20_000;

/** Downloads the files of photos as one archive. @param {number[]} ids @param {boolean} sidecars */
async function download(ids, sidecars) {
  if (ids.length > MOST_FILES) {
    say(`At most ${MOST_FILES.toLocaleString()} photos can be downloaded at once.`);
    return;
  }
  let address = `/media/archive.zip?ids=${ids.join(",")}${sidecars ? "&sidecars=1" : ""}`;
  if (ids.length > MOST_IN_ADDRESS) {
    const prepared = await attempt(() => change("POST", "archives", { photos: ids, sidecars }));
    if (!prepared) return;
    ({ address } = prepared);
  }
  const link = document.createElement("a");
  link.href = address;
  link.download = "photos.zip";
  link.click();
}

/** @param {{ ids: number[] }} properties */
export function DownloadDialog({ ids }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const isOpen = asksForDownload.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  const finish = (/** @type {boolean} */ sidecars) => {
    asksForDownload.value = false;
    download(ids, sidecars);
  };
  return html`<dialog class="small-dialog" ref=${dialog} aria-labelledby="download-title" onClose=${() => (asksForDownload.value = false)}>
    <form method="dialog" onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      finish(false);
    }}>
      <h2 id="download-title">Download ${photosText(ids.length)}</h2>
      <p>One archive with the files as they are. Sidecars are the XMP, AAE and JSON files beside them.</p>
      <div class="buttons">
        <button type="button" onClick=${() => (asksForDownload.value = false)}>Cancel</button>
        <button type="button" onClick=${() => finish(true)}>With sidecars</button>
        <button type="submit" class="main" autofocus>Originals</button>
      </div>
    </form>
  </dialog>`;
}
