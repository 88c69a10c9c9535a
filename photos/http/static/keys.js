/** Keys, and the dialog that lists them. */

import { asksForDownload, asksForTag, clearSelection, go, idAt, isSelecting, photos, route, selectRange, selectTo, selection, toggle } from "./state.js";
import { ratePhotos, showAsQuery } from "./selection.js";
import { toggleSaved } from "./search/saved.js";
import { html, signal } from "./vendor/preact.js";
import { current } from "./views/photos.js";

/**
 * Handles keys while a photo is open; the viewer sets it when it is loaded.
 * @type {{ viewer: ((event: KeyboardEvent) => boolean) | null }}
 */
export const handlers = { viewer: null };

/** The dialog that lists the keys, once it was asked for. @type {import("./vendor/preact.js").Signal<typeof import("./help.js") | null>} */
const help = signal(/** @type {any} */ (null));
const isHelpOpen = signal(false);

/** Opens the list of keys. */
export async function showHelp() {
  try {
    help.value ??= await import("./help.js");
    isHelpOpen.value = true;
  } catch {
    // The program is away, which is said already.
  }
}

export function HelpDialog() {
  return help.value && html`<${help.value.Dialog} isOpen=${isHelpOpen} />`;
}

/** Whether keys are text for a field. @param {EventTarget | null} target */
function isField(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && /^(range|checkbox|radio|button)$/.test(target.type));
}

export function installKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isField(event.target) || event.metaKey) return;
    const isHandled = anywhere(event) || (route.peek().photo !== null ? handlers.viewer?.(event) : gridKeys(event));
    if (isHandled) event.preventDefault();
  });
}

/** @param {KeyboardEvent} event */
function anywhere(event) {
  if (document.querySelector("dialog[open]:not(.viewer)")) return event.key === "?";
  if (event.ctrlKey || event.altKey) return false;
  if (event.key === "?") showHelp();
  else if (event.key === "/" && route.peek().photo === null) document.getElementById("search")?.focus();
  else return false;
  return true;
}

/** @param {KeyboardEvent} event @returns {boolean} */
function gridKeys(event) {
  const { grid } = current;
  const all = photos.peek();
  if (!grid || !all || route.peek().view !== "photos" || document.querySelector("dialog[open]")) return false;
  const { key, shiftKey } = event;
  const onPhoto = event.target instanceof HTMLElement && event.target.closest(".cell") !== null;
  if (event.ctrlKey) {
    if (key !== "a" || event.target instanceof HTMLInputElement) return false;
    selectRange(0, all.count);
    return true;
  }
  if (event.altKey || event.target instanceof HTMLInputElement) return false;
  const goal = goalOf(key, grid, all.count);
  if (goal !== null) {
    if (key === "Home") grid.scrollTo(0);
    if (key === "End") grid.scrollTo(grid.lowest);
    if (shiftKey && !isSelecting.peek()) toggle(grid.focused);
    grid.focus(onPhoto || key === "Home" || key === "End" ? goal : grid.focused);
    if (shiftKey) selectTo(goal);
    return true;
  }
  if (key === "Escape" && isSelecting.peek()) clearSelection();
  else if ((key === "x" || (key === " " && onPhoto)) && all.count) toggle(grid.focused);
  else if (key === "t" && isSelecting.peek()) asksForTag.value = true;
  else if (key === "d" && isSelecting.peek()) asksForDownload.value = true;
  else if (key === "q" && isSelecting.peek()) showAsQuery();
  else if (/^[0-5]$/.test(key) && isSelecting.peek()) ratePhotos([...selection.peek()], Number(key) || null);
  else if (key === "b" && route.peek().q) toggleSaved(route.peek().q);
  else if (key === "Enter" && onPhoto) go({ photo: idAt(all, grid.focused) });
  else return false;
  return true;
}

/** Number of the photo that a key leads to, or null. @param {string} key @param {import("./grid/grid.js").Grid} grid @param {number} count */
function goalOf(key, grid, count) {
  switch (key) {
    case "ArrowLeft":
      return Math.max(0, grid.focused - 1);
    case "ArrowRight":
      return Math.min(count - 1, grid.focused + 1);
    case "ArrowUp":
      return grid.vertical(-1);
    case "ArrowDown":
      return grid.vertical(1);
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return null;
  }
}

