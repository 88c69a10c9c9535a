/** The viewer: one photo as large as the screen, with its facts. */

import { change, media } from "../data/api.js";
import { ASPECTS } from "../data/strip.js";
import { alternative, changes, fetchDetails, forget, recall } from "../grid/details.js";
import { Icon } from "../icons.js";
import { handlers } from "../keys.js";
import { Notice } from "../notice.js";
import { searchFor } from "../search/bar.js";
import { likePhoto } from "../search/query.js";
import { attempt, closePhoto, go, idAt, indexOf, photos, placeOf, route, say, selection, toggle } from "../state.js";
import { html, signal, useEffect, useLayoutEffect, useRef, useState } from "../vendor/preact.js";
import { current } from "../views/photos.js";
import { described } from "./describing.js";
import { Facts, chosenTag, decide } from "./facts.js";
import { Stage, problemOf } from "./stage.js";

const hasFacts = signal(localStorage.getItem("photos-facts") !== "no" && matchMedia("(min-width: 900px)").matches);
/** @type {{ stage: Stage | null }} */
const shown = { stage: null };

/** Whether two photos lie apart by *by* in the grid, and the photo there. @param {number} by @returns {number | null} */
function neighbour(by) {
  const all = photos.peek();
  const { photo } = route.peek();
  if (!all || photo === null) return null;
  const at = indexOf(all, photo);
  return at < 0 || at + by < 0 || at + by >= all.count ? null : idAt(all, at + by);
}

/** Goes to the photo before or after. @param {1 | -1} by */
export function step(by) {
  const id = neighbour(by);
  if (id !== null) go({ photo: id }, { replace: true });
}

export function Viewer() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [scale, setScale] = useState(1);
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const id = route.value.photo ?? 0;
  const all = photos.value;
  const at = all ? indexOf(all, id) : -1;
  const version = changes.value + described.value;
  const [details, setDetails] = useState(recall(id));
  useEffect(() => {
    const stop = new AbortController();
    // After a change the panel keeps what it shows, and the focus in it, until the answer is there.
    setDetails((/** @type {import("../grid/details.js").Details | undefined} */ before) => recall(id) ?? (before?.id === id ? before : undefined));
    fetchDetails([id], stop.signal).then(
      () => {
        const found = recall(id);
        setDetails(found);
        if (!found || shown.stage?.id !== id) return;
        shown.stage.image.alt = alternative(found);
        shown.stage.format = found.format;
      },
      () => {
        // The next photo asks again.
      },
    );
    return () => stop.abort();
  }, [id, version]);

  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    if (!box.current || !element) return undefined;
    element.showModal();
    const stage = new Stage(box.current, { onStep: step, onClose: closePhoto, onZoom: setScale, onProblem: setProblem });
    shown.stage = stage;
    return () => {
      stage.destroy();
      shown.stage = null;
      // While a dialog is open, nothing outside can take the focus.
      element.close();
      const now = photos.peek();
      const last = now && lastShown ? indexOf(now, lastShown) : -1;
      if (last >= 0 && current.grid) current.grid.focus(last);
      else if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  lastShown = id;
  useEffect(() => {
    chosenTag.value = 0;
    const known = recall(id);
    const aspect = all && at >= 0 ? ASPECTS[all.aspects[placeOf(all, at)]] : known ? known.width / known.height : 1.5;
    shown.stage?.show(id, aspect, known ? alternative(known) : "Photo");
    for (const by of [1, -1, 2]) {
      const next = neighbour(by);
      if (next !== null) new Image().src = media(next, "1440.jpg");
    }
  }, [id]);

  const isSelected = selection.value.has(id);
  return html`<dialog class=${`viewer${hasFacts.value ? " with-facts" : ""}`} ref=${dialog} aria-label="Photo"
      onCancel=${(/** @type {Event} */ event) => {
        event.preventDefault();
        closePhoto();
      }}>
    <div class="bar" role="toolbar" aria-label="Photo">
      <button type="button" class="round" aria-label="Close" title="Close (Esc)" onClick=${closePhoto}><${Icon} name="back" /></button>
      <span class="place">${at >= 0 && all ? `${(at + 1).toLocaleString()} of ${all.count.toLocaleString()}` : ""}</span>
      <${Stars} id=${id} now=${details?.rating ?? 0} />
      <button type="button" class="round" aria-label="Zoom" title="Zoom (z)" aria-pressed=${scale > 1 ? "true" : "false"} onClick=${() => shown.stage?.toggleZoom()}><${Icon} name="zoom" /></button>
      ${at >= 0 && html`<button type="button" class="round" aria-label="Select this photo" title="Select (x)" aria-pressed=${isSelected ? "true" : "false"} onClick=${() => toggle(at)}><${Icon} name="check" /></button>`}
      <a class="round" href=${`${media(id, "original")}?download=1`} download aria-label="Download the original" title="Download the original" onClick=${download}><${Icon} name="download" /></a>
      <button type="button" class="round" aria-label="Facts" title="Facts (i)" aria-pressed=${hasFacts.value ? "true" : "false"} onClick=${toggleFacts}><${Icon} name="info" /></button>
    </div>
    <div class="stage" ref=${box}></div>
    ${problem && html`<p class="stage-says" role="status">${problem}</p>`}
    ${neighbour(-1) !== null && html`<button type="button" class="step before" aria-label="Photo before" onClick=${() => step(-1)}><${Icon} name="back" /></button>`}
    ${neighbour(1) !== null && html`<button type="button" class="step after" aria-label="Photo after" onClick=${() => step(1)}><${Icon} name="next" /></button>`}
    ${hasFacts.value && html`<${Facts} id=${id} details=${details} />`}
    ${!hasFacts.value && details?.caption && html`<p class="subtitle">${details.caption}</p>`}
    <${Notice} />
  </dialog>`;
}

/** The photo that was open last; the grid takes the focus there. */
let lastShown = 0;

function toggleFacts() {
  hasFacts.value = !hasFacts.peek();
  localStorage.setItem("photos-facts", hasFacts.peek() ? "yes" : "no");
}

/** Links whose file is there. @type {WeakSet<HTMLAnchorElement>} */
const there = new WeakSet();

/** Downloads the file of a link, or says why there is none: a browser would only call it failed. @param {MouseEvent} event */
async function download(event) {
  const link = event.currentTarget;
  if (!(link instanceof HTMLAnchorElement) || there.delete(link)) return;
  event.preventDefault();
  const problem = await problemOf(link.href);
  if (problem) {
    say(problem);
    return;
  }
  there.add(link);
  link.click();
}

/** @param {number} id @param {number | null} stars */
async function rate(id, stars) {
  const done = await attempt(async () => {
    await change("PUT", `photos/${id}/rating`, { stars });
    return true;
  });
  if (!done) return;
  forget([id]);
  changes.value++;
  say(stars ? "★".repeat(stars) : "No stars.");
}

/** @param {{ id: number, now: number }} properties */
function Stars({ id, now }) {
  return html`<span class="stars" role="group" aria-label=${`Rating: ${now} of 5 stars`}>
    ${[1, 2, 3, 4, 5].map((each) => html`<button type="button" key=${each} aria-label=${`${each} ${each === 1 ? "star" : "stars"}`}
      aria-pressed=${now >= each ? "true" : "false"} onClick=${() => rate(id, now === each ? null : each)}><${Icon} name="star" filled=${now >= each} /></button>`)}
  </span>`;
}

handlers.viewer = (event) => {
  const { photo } = route.peek();
  if (photo === null || event.ctrlKey || event.altKey) return false;
  const tags = recall(photo)?.tags ?? [];
  const tag = tags[Math.min(chosenTag.peek(), tags.length - 1)];
  const { key } = event;
  if (key === "ArrowRight" || key === "j") step(1);
  else if (key === "ArrowLeft" || key === "k") step(-1);
  else if (key === "i") toggleFacts();
  else if (key === "z") shown.stage?.toggleZoom();
  else if (key === "+" || key === "=") shown.stage?.zoomBy(1.4);
  else if (key === "-") shown.stage?.zoomBy(1 / 1.4);
  else if (key === "ArrowDown" && hasFacts.peek() && tags.length) chosenTag.value = Math.min(tags.length - 1, chosenTag.peek() + 1);
  else if (key === "ArrowUp" && hasFacts.peek() && tags.length) chosenTag.value = Math.max(0, chosenTag.peek() - 1);
  else if (key === "y" && tag && hasFacts.peek()) decide(photo, tag.label, "added");
  else if (key === "n" && tag && hasFacts.peek()) decide(photo, tag.label, "rejected");
  else if (/^[0-5]$/.test(key)) rate(photo, Number(key) || null);
  else if (key === "s") searchFor(likePhoto(photo));
  else if (key === "x") {
    const all = photos.peek();
    const at = all ? indexOf(all, photo) : -1;
    if (at >= 0) toggle(at);
  } else return false;
  return true;
};
