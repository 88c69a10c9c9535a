/** The view of the library: its state, folders, what could not be indexed, and jobs. */

import { change, get } from "../data/api.js";
import { isUnfinished, jobs, libraryChanges, noteJob } from "../events.js";
import { searchFor } from "../search/bar.js";
import { formatFilter } from "../search/query.js";
import { attempt } from "../state.js";
import { html, useState } from "../vendor/preact.js";
import { size } from "./duplicates.js";
import { Describers } from "./describers.js";
import { Models } from "./models.js";
import { Waiting, useQuestion } from "./tiles.js";

/**
 * @typedef {{ path: string, files: number, offline: boolean }} Folder
 * @typedef {{ facet: string, value: string | number, photos: number }} Facet
 * @typedef {{ path: string, outcome: string, reason: string }} Failed
 */

/** Failed files that are shown at first. */
const SHOWN = 200;

export function View() {
  const [state, setState] = useState(/** @type {any} */ (null));
  const [tree, setTree] = useState(/** @type {Facet[]} */ ([]));
  const [failed, setFailed] = useState(/** @type {{ items: Failed[], not_pictures: number } | null} */ (null));
  const version = libraryChanges.value;
  const problem = useQuestion((stop) => Promise.all([
    get("status", {}, stop).then(setState),
    get("facets", { facet: "folder" }, stop).then(({ items }) => setTree(items)),
    get("failed", {}, stop).then(setFailed),
    get("jobs", {}, stop).then(({ items }) => items.toReversed().forEach(noteJob)),
  ]), [version]);
  if (!state) return html`<h1>Library</h1><${Waiting} problem=${problem} />`;
  return html`<header class="head"><h1>Library</h1></header>
    <dl class="figures">
      <div><dt>Photos</dt><dd>${state.photos.toLocaleString()}</dd></div>
      <div><dt>Takes</dt><dd>${size(state.bytes)}</dd></div>
      <div><dt>Labels</dt><dd>${(state.labels ?? 0).toLocaleString()}</dd></div>
      <div><dt>Checkpoint</dt><dd>${(state.model ?? "none").split("/").pop()}</dd></div>
    </dl>
    <${Jobs} />
    <${Models} />
    <${Describers} />
    <h2>Folders</h2>
    <${Folders} folders=${state.folders} tree=${tree} />
    <${Problems} failed=${failed} />`;
}

/** @param {{ folders: Folder[], tree: Facet[] }} properties */
function Folders({ folders, tree }) {
  return html`<ul class="folders">${folders.map((folder) => html`<li key=${folder.path}><${Branch} path=${folder.path} name=${folder.path} tree=${tree} isOpen=${true} />
    ${folder.offline && html`<p class="problem">This folder cannot be read now. Its photos stay in the library.</p>`}</li>`)}</ul>`;
}

/** @param {{ path: string, name: string, tree: Facet[], isOpen?: boolean }} properties */
function Branch({ path, name, tree, isOpen = false }) {
  const own = tree.find((each) => each.value === path);
  const below = tree.filter((each) => String(each.value).startsWith(`${path}/`));
  const children = below.filter((each) => !String(each.value).slice(path.length + 1).includes("/"));
  const [isShown, setShown] = useState(isOpen);
  const line = html`<button type="button" class="link" onClick=${() => searchFor(formatFilter({ name: "in", values: [path], negated: false }))}>${name}</button><small>${(own?.photos ?? 0).toLocaleString()}</small>`;
  if (!children.length) return html`<div class="leaf">${line}</div>`;
  return html`<div class="branch"><button type="button" class="fold" aria-expanded=${isShown ? "true" : "false"} aria-label=${`Folders in ${name}`} onClick=${() => setShown(!isShown)}>${isShown ? "▾" : "▸"}</button>${line}
    ${isShown && html`<ul>${children.sort((one, other) => String(one.value).localeCompare(String(other.value), undefined, { numeric: true })).map((each) => html`<li key=${each.value}>
      <${Branch} path=${String(each.value)} name=${String(each.value).slice(path.length + 1)} tree=${below} /></li>`)}</ul>`}</div>`;
}

/** @param {{ failed: { items: Failed[], not_pictures: number } | null }} properties */
function Problems({ failed }) {
  const [isAll, setAll] = useState(false);
  if (!failed || !failed.items.length) return null;
  const shown = isAll ? failed.items : failed.items.slice(0, SHOWN);
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { outcome } of failed.items) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return html`<h2>Not indexed</h2>
    <p class="faint">${[...counts].map(([outcome, count]) => `${count.toLocaleString()} ${outcome}`).join(", ")}.${failed.not_pictures ? ` ${failed.not_pictures.toLocaleString()} files are no pictures.` : ""}</p>
    <table class="failed"><thead><tr><th scope="col">File</th><th scope="col">Outcome</th><th scope="col">Reason</th></tr></thead>
      <tbody>${shown.map((each) => html`<tr key=${each.path}><td class="break">${each.path}</td><td>${each.outcome}</td><td>${each.reason}</td></tr>`)}</tbody></table>
    ${shown.length < failed.items.length && html`<button type="button" class="plain" onClick=${() => setAll(true)}>Show all ${failed.items.length.toLocaleString()}</button>`}`;
}

const KINDS = /** @type {{ [kind: string]: string }} */ ({ index: "Index", retag: "Tag again", threshold: "Move a threshold", teach: "Teach", label: "Add a label", calibrate: "Measure labels", suggest: "Look for missing labels", rollback: "Go back to a revision", xmp: "Write sidecars", "xmp undo": "Put sidecars back",
  move: "Move duplicates", "move undo": "Put duplicates back", "model try": "Try a model", "model switch": "Switch the model", "model rollback": "Go back to the model before", "model forget": "Delete a model's embeddings", describe: "Describe photos", "describer forget": "Delete descriptions" });

function Jobs() {
  const all = [...jobs.value.values()].sort((one, other) => other.job - one.job).slice(0, 6);
  const start = (/** @type {string} */ path) => attempt(async () => noteJob(await change("POST", path, {})));
  return html`<h2>Jobs</h2>
    <div class="buttons left"><button type="button" class="plain" onClick=${() => start("index")}>Look for new photos</button><button type="button" class="plain" onClick=${() => start("retag")}>Tag again</button></div>
    <ul class="jobs" aria-live="polite">${all.map((job) => html`<li key=${job.job}><strong>${KINDS[job.kind] ?? job.kind}</strong>
      ${isUnfinished(job) ? html`<progress aria-label=${KINDS[job.kind] ?? job.kind} value=${job.total ? job.done : undefined} max=${job.total ?? undefined}></progress>
        <span class="faint">${job.stage ?? job.state}${job.total ? ` · ${job.done.toLocaleString()} of ${job.total.toLocaleString()}` : ""}</span>
        <button type="button" class="quiet" onClick=${() => attempt(async () => noteJob(await change("DELETE", `jobs/${job.job}`)))}>Stop</button>`
      : html`<span class=${job.state === "failed" ? "less" : "faint"}>${job.problem ?? job.note ?? job.state}</span>`}</li>`)}</ul>`;
}
