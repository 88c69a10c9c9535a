/** Models of the library: their state, and buttons to try, switch, go back and delete. Each asks first. */

import { change, get } from "../data/api.js";
import { ended, libraryChanges } from "../events.js";
import { attempt, go, say } from "../state.js";
import { html, signal, useEffect, useRef, useState } from "../vendor/preact.js";
import { size } from "./duplicates.js";
import { useQuestion } from "./tiles.js";

/**
 * @typedef {{ name: string, role: "answers" | "tried" | "previous" | "kept", photos: number, total: number, dimension: number,
 *             precision: string, bytes_a_photo: number, index_bytes: number, seconds_a_photo: number | null, missing: string[],
 *             folder: string | null, sample: number | null }} Model
 * @typedef {{ title: string, text: string, button: string, method: "POST" | "DELETE", path: string, body?: object }} Question
 */

const ROLES = { answers: "Answers searches and gives the tags", tried: "Is being tried", previous: "Answered before", kept: "Is kept" };
/** What is asked before a change; null while nothing is. */
export const asked = signal(/** @type {Question | null} */ (null));

export function Models() {
  const [items, setItems] = useState(/** @type {Model[]} */ ([]));
  const [others, setOthers] = useState(/** @type {string[]} */ ([]));
  const problem = useQuestion(
    (stop) => get("models", {}, stop).then((found) => {
      setItems(found.items);
      setOthers(found.can_be_tried);
    }),
    [libraryChanges.value],
  );
  if (problem || !items.length) return null;
  const isTrying = items.some((each) => each.role === "tried");
  return html`<h2>Models</h2>
    <ul class="models">${items.map((each) => html`<${ModelView} key=${each.name} model=${each} count=${items.length} />`)}</ul>
    ${!isTrying && others.length > 0 && html`<${TryAnother} names=${others} />`}
    <${AskDialog} />`;
}

/** @param {{ model: Model, count: number }} properties */
function ModelView({ model, count }) {
  const { name, role, photos, total, missing, sample, folder } = model;
  const bytes = model.bytes_a_photo * photos + model.index_bytes;
  return html`<li><div><strong class="break">${name}</strong> <span class="faint">${ROLES[role]}</span>
      <p class="faint">${photos.toLocaleString()} of ${total.toLocaleString()} photos · ${size(bytes)} · ${model.precision}${
        model.seconds_a_photo ? ` · ${model.seconds_a_photo.toPrecision(2)} s a photo` : ""}${
        sample ? ` · a sample of ${sample.toLocaleString()}` : ""}${folder ? ` · ${folder}` : ""}</p>
      ${missing.length > 0 && html`<p class="faint">Not ready: ${missing.join(", ")}.</p>`}</div>
    <div class="buttons">${actionsOf(model, count).map(({ label, run }) => html`<button type="button" class="quiet" key=${label} onClick=${run}>${label}<span class="hidden"> ${name}</span></button>`)}</div></li>`;
}

/** @param {Model} model @param {number} count @returns {{ label: string, run: () => void }[]} */
function actionsOf({ name, role, missing, photos }, count) {
  const ask = (/** @type {Question} */ question) => () => (asked.value = question);
  /** @type {{ label: string, run: () => void }[]} */
  const actions = [];
  if (count > 1 && photos) actions.push({ label: "Search with it", run: () => go({ view: "photos", model: role === "answers" ? "" : name }) });
  if (role === "answers") return actions;
  if (role === "tried" && missing.length) {
    actions.push({ label: "Go on", run: ask({ title: `Go on with ${name}?`, text: "Photos that it lacks are embedded and tagged. Searches and tags stay as they are, and the job can be stopped at any time.", button: "Go on", method: "POST", path: "models/try", body: {} }) });
  }
  if (role === "previous") {
    actions.push({ label: "Go back", run: ask({ title: `Go back to ${name}?`, text: "It answers again at once, and photos that came since are embedded with it. The other model is kept.", button: "Go back", method: "POST", path: "models/rollback", body: {} }) });
  } else if (!missing.length) {
    actions.push({ label: "Switch", run: ask({ title: `Switch to ${name}?`, text: "It answers searches and gives the tags from then on. You can go back.", button: "Switch", method: "POST", path: "models/switch", body: { model: name } }) });
  }
  actions.push({ label: "Delete", run: ask({ title: `Delete the embeddings of ${name}?`, text: `Embeddings and scores of ${photos.toLocaleString()} photos are deleted. To have them again, the photos have to be embedded again. The model's own files stay.`, button: "Delete", method: "DELETE", path: `models/${encodeURIComponent(name)}` }) });
  return actions;
}

/** @param {{ names: string[] }} properties */
function TryAnother({ names }) {
  const root = useRef(/** @type {HTMLFormElement | null} */ (null));
  const start = (/** @type {Event} */ event) => {
    event.preventDefault();
    const model = root.current?.querySelector("select")?.value ?? "";
    const sample = Number(root.current?.querySelector("input")?.value) || null;
    asked.value = {
      title: `Try ${model}?`,
      text: `${sample ? `${sample.toLocaleString()} photos` : "All photos"} are embedded and tagged with it, too. Searches and tags stay as they are until you switch. It takes time, and can be stopped.`,
      button: "Try", method: "POST", path: "models/try", body: { model, sample },
    };
  };
  return html`<form class="try" ref=${root} onSubmit=${start}>
    <label>Another model <select>${names.map((each) => html`<option key=${each}>${each}</option>`)}</select></label>
    <label>Photos <input type="number" min="1" inputmode="numeric" placeholder="all" /></label>
    <button type="submit" class="plain">Try it</button></form>`;
}

function AskDialog() {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const question = asked.value;
  useEffect(() => {
    if (question) dialog.current?.showModal();
    else dialog.current?.close();
  }, [question]);
  const run = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!question) return;
    asked.value = null;
    const job = await attempt(() => change(question.method, question.path, question.body));
    const done = job && (await ended(job));
    if (done?.state === "done" && done.note) say(done.note);
    // What is counted here may have changed without a change of the catalog's photos.
    libraryChanges.value++;
  };
  return html`<dialog class="small-dialog" ref=${dialog} aria-labelledby="ask-title" onClose=${() => (asked.value = null)}>
    <form method="dialog" onSubmit=${run}>
      <h2 id="ask-title" class="break">${question?.title ?? "Sure?"}</h2>
      <p>${question?.text}</p>
      <div class="buttons">
        <button type="button" onClick=${() => (asked.value = null)}>Cancel</button>
        <button type="submit" class="main">${question?.button ?? "Yes"}</button>
      </div>
    </form>
  </dialog>`;
}
