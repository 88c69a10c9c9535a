/** The view of photos: grid, scrubber, and what is said when there is nothing to show. */

import { plain } from "../data/api.js";
import { Grid } from "../grid/grid.js";
import { Scrubber } from "../grid/scrubber.js";
import {
  addressOf, failure, go, idAt, isLoading, isSelecting, photos, returns, route, selectRange, selectTo, selection, status, toggle,
} from "../state.js";
import { effect, html, useEffect, useRef } from "../vendor/preact.js";

/** The grid in the document, for keys. @type {{ grid: Grid | null }} */
export const current = { grid: null };

export function PhotosView() {
  const scroller = useRef(/** @type {HTMLElement | null} */ (null));
  const slider = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (!scroller.current || !slider.current) return undefined;
    /** @type {Scrubber | null} */
    let scrubber = null;
    const grid = new Grid(scroller.current, {
      idAt: (i) => {
        const all = photos.peek();
        return all ? idAt(all, i) : 0;
      },
      href: (i) => {
        const all = photos.peek();
        return addressOf({ ...route.peek(), photo: all ? idAt(all, i) : null });
      },
      isSelected: (id) => selection.peek().has(id),
      isSelecting: () => isSelecting.peek(),
      onOpen: (i) => {
        const all = photos.peek();
        if (all) go({ photo: idAt(all, i) });
      },
      onToggle: (i, range) => (range && isSelecting.peek() ? selectTo(i) : toggle(i)),
      onSelectDays: selectRange,
      onScroll: () => scrubber?.update(),
    });
    scrubber = new Scrubber(slider.current, grid);
    current.grid = grid;
    let shownQuery = NaN;
    const stops = [
      effect(() => {
        const all = photos.value;
        if (!all) return;
        const key = `${all.query}\n${all.sort}`;
        const keeps = /** @type {unknown} */ (shownQuery) === key;
        shownQuery = /** @type {any} */ (key);
        grid.show(all, { keeps, isBrief: keeps && all.order !== null });
        if (!keeps && typeof history.state?.at === "number") grid.center(Math.min(history.state.at, all.count - 1));
        scrubber?.draw();
        performance.mark("grid");
      }),
      effect(() => {
        grid.scroller.classList.toggle("selecting", selection.value.size > 0);
        grid.markAll();
      }),
      returns.subscribe(() => grid.retry()),
    ];
    return () => {
      stops.forEach((stop) => stop());
      grid.destroy();
      scrubber?.destroy();
      current.grid = null;
    };
  }, []);
  return html`<div class="photos" aria-busy=${isLoading.value ? "true" : "false"}>
    <h1 class="hidden">${route.value.q ? `Photos: ${route.value.q}` : "Photos"}</h1>
    <div class="scroller" ref=${scroller} role="region" aria-label="Photos" tabindex="-1"></div>
    <div class="scrubber" ref=${slider}></div>
    <${Nothing} />
  </div>`;
}

function Nothing() {
  const all = photos.value;
  if (failure.value) {
    return html`<div class="nothing" role="alert"><h2>That did not work</h2><p>${failure.value}</p></div>`;
  }
  if (!all || all.count > 0 || isLoading.value) return null;
  if (all.query) {
    return html`<div class="nothing" role="status"><h2>No photos</h2><p>${all.reason ? `${plain(all.reason)}.` : "Nothing in the library meets this."}</p></div>`;
  }
  const folders = status.value?.folders ?? [];
  return html`<div class="nothing" role="status">
    <h2>${folders.length ? "No photos yet" : "An empty library"}</h2>
    <p>Add a folder on the command line: <code>photos add ~/Pictures</code></p>
  </div>`;
}
