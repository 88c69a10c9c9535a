/** The bar of a selection, and what can be done with selected photos. */

import { change } from "./data/api.js";
import { LabelNames, wantLabelNames } from "./data/labels.js";
import { ended } from "./events.js";
import { forget } from "./grid/details.js";
import { Icon } from "./icons.js";
import { searchFor } from "./search/bar.js";
import { photosQuery } from "./search/query.js";
import { asksForDownload, asksForTag, attempt, clearSelection, load, photosText, returns, say, selection } from "./state.js";
import { html, signal, useEffect, useRef } from "./vendor/preact.js";

/**
 * Tags photos, or takes a tag off, with a way back.
 * @param {number[]} ids @param {{ add?: string[], reject?: string[], clear?: string[] }} what
 */
export async function tagPhotos(ids, what) {
  const done = await attempt(() => change("POST", "selection/tags", { photos: ids, add: [], reject: [], clear: [], ...what }));
  if (!done) return;
  forget(ids);
  const [verb, labels] = what.add?.length ? ["tagged", what.add] : ["no longer tagged", what.reject ?? []];
  if (what.clear?.length) {
    say(`The vocabulary decides again on ${what.clear.join(", ")}.`);
    return;
  }
  say(`${photosText(ids.length)} ${verb} “${labels.join(", ")}”.`, {
    label: "Undo",
    run: () => tagPhotos(ids, { clear: labels }),
  });
}

/** Shows the selected photos as the photos of a query, whose address can be shared. */
export function showAsQuery() {
  const ids = selection.peek();
  const query = photosQuery(ids);
  if (query !== null) {
    searchFor(query);
    return;
  }
  say(`A query cannot name ${photosText(ids.size)}. Tag them instead: a tag finds any number.`, {
    label: "Tag",
    run: () => (asksForTag.value = true),
  });
}

/** Writes tags into sidecars, with a way back. @param {number[]} ids */
async function writeSidecars(ids) {
  const job = await attempt(() => change("POST", "selection/xmp", { photos: ids }));
  const done = job && (await ended(job));
  if (done?.state !== "done") return;
  say(`The tags of ${photosText(ids.length)} were written into sidecars.`, {
    label: "Undo",
    run: async () => {
      const undo = await attempt(() => change("POST", "xmp/undo", { run: null }));
      if (undo && (await ended(undo)).state === "done") say("The sidecars are as they were.");
    },
  });
}

/** @param {number[]} ids @param {number | null} stars */
export async function ratePhotos(ids, stars) {
  const done = await attempt(() => change("POST", "selection/rating", { photos: ids, stars }));
  if (!done) return;
  forget(ids);
  say(stars ? `${photosText(ids.length)}: ${"★".repeat(stars)}` : `${photosText(ids.length)} without stars.`);
}

/** What is loaded with the first selection: the first photos need not wait for it. */
const more = signal(/** @type {{ DescribeSelected: unknown, DownloadDialog: unknown } | null} */ (null));

export function SelectionBar() {
  const ids = [...selection.value];
  const hasSome = ids.length > 0;
  useEffect(() => {
    if (!hasSome) return;
    Promise.all([import("./download.js"), import("./viewer/describing.js")]).then(([one, other]) => (more.value = { ...one, ...other }), () => {
      // The program is away, which is said already.
    });
  }, [hasSome, returns.value]);
  if (!hasSome) return null;
  return html`<div class="selection" role="toolbar" aria-label="Selected photos">
      <button type="button" class="round" aria-label="Leave the selection" title="Leave the selection (Esc)" onClick=${clearSelection}><${Icon} name="close" /></button>
      <strong aria-live="polite">${ids.length.toLocaleString()} selected</strong>
      <button type="button" class="action" aria-label="Tag" title="Tag (t)" onClick=${() => (asksForTag.value = true)}><${Icon} name="tag" /><span>Tag</span></button>
      <button type="button" class="action" aria-label="Download" title="Download the files (d)" onClick=${() => (asksForDownload.value = true)}><${Icon} name="download" /><span>Download</span></button>
      <button type="button" class="action" aria-label="Show as a query" title="Show them as a query, whose address can be shared (q)" onClick=${showAsQuery}><${Icon} name="search" /><span>Show</span></button>
      <button type="button" class="action" aria-label="Write the tags into XMP sidecars" title="Write the tags into XMP sidecars" onClick=${() => writeSidecars(ids)}><${Icon} name="sidecar" /><span>XMP</span></button>
      ${more.value && html`<${more.value.DescribeSelected} ids=${ids} />`}
      <span class="stars" role="group" aria-label="Rate">
        ${[1, 2, 3, 4, 5].map((stars) => html`<button type="button" key=${stars} aria-label=${`${stars} ${stars === 1 ? "star" : "stars"}`} title=${`${stars} (key ${stars})`}
          onClick=${() => ratePhotos(ids, stars)}><${Icon} name="star" /></button>`)}
      </span>
    </div>
    <${TagDialog} ids=${ids} />${more.value && html`<${more.value.DownloadDialog} ids=${ids} />`}`;
}

/** @param {{ ids: number[] }} properties */
function TagDialog({ ids }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const isOpen = asksForTag.value;
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  const finish = async (/** @type {"add" | "reject"} */ what) => {
    const label = dialog.current?.querySelector("input")?.value.trim();
    if (!label) return;
    asksForTag.value = false;
    await tagPhotos(ids, { [what]: [label] });
    load();
  };
  return html`<dialog class="small-dialog" ref=${dialog} aria-labelledby="tag-title" onClose=${() => (asksForTag.value = false)}>
    <form method="dialog" onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      finish("add");
    }}>
      <h2 id="tag-title">Tag ${photosText(ids.length)}</h2>
      <label>Tag <input type="text" list="label-names" autocomplete="off" required maxlength="200" onFocus=${wantLabelNames} /></label><${LabelNames} id="label-names" />
      <div class="buttons">
        <button type="button" onClick=${() => (asksForTag.value = false)}>Cancel</button>
        <button type="button" onClick=${() => finish("reject")}>Take off</button>
        <button type="submit" class="main">Put on</button>
      </div>
    </form>
  </dialog>`;
}
