/**
 * The review of duplicates: groups of files, the best first. Nothing is deleted here; the choice leaves as a list or a tag,
 * or is moved to a folder, and back.
 */

import { change, get, media, sentenceOf } from "../data/api.js";
import { ended } from "../events.js";
import { Icon } from "../icons.js";
import { tagPhotos } from "../selection.js";
import { attempt, go, say } from "../state.js";
import { html, signal, useEffect, useRef, useState } from "../vendor/preact.js";
import { Waiting } from "./tiles.js";

/**
 * @typedef {{ path: string, path_uri: string, photo: number, id: number, best: boolean, sameness: string, score: number | null,
 *             distance: number | null, same_file: boolean, on_disk: string, bytes: number, width: number, height: number,
 *             format: string, taken_at: string | null, camera: string | null }} File
 * @typedef {{ group: number, files: File[] }} Group
 */

/** Paths of the files that could go. */
const chosen = signal(/** @type {ReadonlyMap<string, File>} */ (new Map()));
const PART = 40;
/** Grows when files were moved, so that the groups are asked for again. */
const moves = signal(0);
/** The folder that files were moved to last, to propose it again. */
const FOLDER = "photos-move-folder";
/** @typedef {{ run: number, folder: string, started_at: string, files: number, undone_at: string | null }} Run */

/** @param {Iterable<File>} files @param {boolean} isChosen */
function choose(files, isChosen) {
  const next = new Map(chosen.peek());
  for (const each of files) {
    if (isChosen) next.set(each.path, each);
    else next.delete(each.path);
  }
  chosen.value = next;
}

export function View() {
  const [groups, setGroups] = useState(/** @type {Group[] | null} */ (null));
  const [more, setMore] = useState(/** @type {number | null} */ (null));
  const [found, setFound] = useState(0);
  const [exact, setExact] = useState(false);
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const load = async (/** @type {number} */ after, /** @type {AbortSignal} */ stop) => {
    try {
      const answer = await get("duplicates", { exact, limit: PART, after }, stop);
      setGroups((before) => (after ? [...(before ?? []), ...answer.items] : answer.items));
      setMore(answer.next);
      setFound(answer.found);
    } catch (error) {
      if (!stop.aborted) setProblem(sentenceOf(error));
    }
  };
  useEffect(() => {
    const stop = new AbortController();
    if (!moves.peek()) setGroups(null);
    load(0, stop.signal);
    return () => stop.abort();
  }, [exact, moves.value]);
  const kinds = html`<div class="segments" role="group" aria-label="Kind">
    <button type="button" aria-pressed=${exact ? "false" : "true"} onClick=${() => setExact(false)}>All that look alike</button>
    <button type="button" aria-pressed=${exact ? "true" : "false"} onClick=${() => setExact(true)}>Equal files</button></div>`;
  if (!groups) return html`<header class="head"><h1>Duplicates</h1>${kinds}</header><${Waiting} problem=${problem} />`;
  return html`<header class="head"><h1>Duplicates</h1><p class="faint">${found.toLocaleString()} ${found === 1 ? "group" : "groups"}, the best file of each first</p>${kinds}</header>
    ${groups.length === 0 && html`<p>No two files of the library show the same picture.</p>`}
    ${groups.length > 0 && html`<p class="faint">Choose what could go: <kbd>x</kbd> a file, <kbd>k</kbd> all of a group but the best, <kbd>←</kbd> <kbd>→</kbd> between files, <kbd>↑</kbd> <kbd>↓</kbd> between groups, <kbd>m</kbd> moves the chosen files to a folder. No file is deleted.</p>`}
    <div class="groups" onKeyDown=${keyed}>${groups.map((group) => html`<${GroupView} key=${group.group} group=${group} />`)}</div>
    ${more !== null && html`<button type="button" class="plain" onClick=${() => load(more, new AbortController().signal)}>Show more</button>`}
    <${Moved} /><${Choice} exact=${exact} />`;
}

/** Waits for a job that moves files, and says what it did. @param {Promise<any>} started @param {{ label: string, run: () => void }} [action] */
async function settle(started, action) {
  const job = await attempt(() => started);
  const done = job && (await ended(job));
  moves.value++;
  if (done?.state === "done") say(done.note ?? "Done.", action);
  return done?.state === "done";
}

/** Puts the files of a run back. @param {number | null} run */
function undo(run) {
  return settle(change("POST", "duplicates/undo", { run }));
}

/** Runs that moved files, each with a way back. */
function Moved() {
  const [runs, setRuns] = useState(/** @type {Run[]} */ ([]));
  useEffect(() => {
    const stop = new AbortController();
    get("duplicates/moves", {}, stop.signal).then(
      ({ items }) => setRuns(items.filter((/** @type {Run} */ each) => each.files > 0)),
      () => {
        // The groups say what is wrong.
      },
    );
    return () => stop.abort();
  }, [moves.value]);
  if (!runs.length) return null;
  return html`<section class="moved" aria-labelledby="moved-title"><h2 id="moved-title">Moved away</h2>
    <ul>${runs.map(({ run, folder, started_at, files }) => html`<li key=${run}><span>${files.toLocaleString()} ${files === 1 ? "file" : "files"} to <b class="break">${folder}</b>, ${started_at.slice(0, 10)}</span>
      <button type="button" class="quiet" onClick=${() => undo(run)}>Put back<span class="hidden"> from ${folder}</span></button></li>`)}</ul></section>`;
}

/** Goes between files and groups. @param {KeyboardEvent} event */
function keyed(event) {
  const own = event.target instanceof HTMLElement ? event.target.closest(".copy") : null;
  const group = own?.closest(".group");
  if (!own || !group) return;
  /** @type {Element | null | undefined} */
  let goal;
  if (event.key === "ArrowRight") goal = own.nextElementSibling;
  else if (event.key === "ArrowLeft") goal = own.previousElementSibling;
  else if (event.key === "ArrowDown") goal = group.nextElementSibling?.querySelector(".copy");
  else if (event.key === "ArrowUp") goal = group.previousElementSibling?.querySelector(".copy");
  else if (event.key === "x") own.querySelector("input")?.click();
  else if (event.key === "k") group.querySelector("button.quiet")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  else return;
  event.preventDefault();
  const field = goal?.querySelector("button");
  if (field instanceof HTMLElement) {
    field.focus({ preventScroll: true });
    field.scrollIntoView({ block: "nearest" });
  }
}

/** @param {{ group: Group }} properties */
function GroupView({ group }) {
  const { files } = group;
  const others = files.filter((each) => !each.best);
  const isAll = others.every((each) => chosen.value.has(each.path));
  return html`<section class="group" aria-label=${`Group ${group.group}`}>
    <header><h2>${files[0].path.split("/").pop()} <small>${files.length} files</small></h2>
      <button type="button" class="quiet" onClick=${() => choose(others, !isAll)}>${isAll ? "Keep all" : "Keep the best"}</button></header>
    <ul>${files.map((each) => html`<${Copy} key=${each.path} file=${each} best=${files[0]} />`)}</ul></section>`;
}

/** @param {{ file: File, best: File }} properties */
function Copy({ file, best }) {
  const isChosen = chosen.value.has(file.path);
  const name = file.path.split("/").pop();
  return html`<li class=${`copy${isChosen ? " going" : ""}`}>
    <button type="button" class="picture" onClick=${() => go({ photo: file.id })} aria-label=${`Open ${name}`}><img src=${media(file.id, "320.webp")} alt="" loading="lazy" decoding="async" /></button>
    <div class="about"><strong>${file.best ? "Best" : reason(file)}</strong>
      <span class=${file.width * file.height < best.width * best.height ? "less" : ""}>${file.width} × ${file.height}</span>
      <span class=${file.bytes < 0.9 * best.bytes ? "less" : ""}>${size(file.bytes)} · ${file.format}</span>
      ${file.taken_at ? html`<span>${file.taken_at.slice(0, 10)}</span>` : html`<span class=${best.taken_at ? "less" : ""}>No date</span>`}
      <span class="path" title=${file.path}>${file.path.split("/").slice(-3).join("/")}</span>
      ${file.on_disk !== "unchanged" && html`<span class="less">${file.on_disk} on disk</span>`}</div>
    <label class="go"><input type="checkbox" checked=${isChosen} onChange=${() => choose([file], !isChosen)} /> Could go<span class="hidden"> : ${name}</span></label>
  </li>`;
}

/** @param {File} file */
function reason({ sameness, distance, score }) {
  if (sameness !== "near") return sameness[0].toUpperCase() + sameness.slice(1);
  return distance === null ? `Alike ${score?.toFixed(3) ?? ""}` : `Alike, ${distance} of 64 bits differ`;
}

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** @param {{ exact: boolean }} properties */
function Choice({ exact }) {
  const [asks, setAsks] = useState(false);
  const files = [...chosen.value.values()];
  useEffect(() => {
    const keyed = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== "m" || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
      if (event.target instanceof HTMLInputElement && event.target.type !== "checkbox") return;
      if (chosen.peek().size) setAsks(true);
    };
    document.addEventListener("keydown", keyed);
    return () => document.removeEventListener("keydown", keyed);
  }, []);
  if (!files.length) return null;
  const bytes = files.reduce((sum, each) => sum + each.bytes, 0);
  const list = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([files.map((each) => `${each.path}\n`).join("")], { type: "text/plain" }));
    link.download = "could-go.txt";
    link.click();
    URL.revokeObjectURL(link.href);
    say(`A list of ${files.length} files was saved.`);
  };
  // A tag is on a photo, and equal files are one photo.
  const photos = [...new Set(files.filter((each) => each.sameness !== "identical").map((each) => each.photo))];
  return html`<div class="selection" role="toolbar" aria-label="Chosen files">
    <button type="button" class="round" aria-label="Choose none" title="Choose none" onClick=${() => (chosen.value = new Map())}><${Icon} name="close" /></button>
    <strong>${files.length.toLocaleString()} could go · ${size(bytes)}</strong>
    <button type="button" class="action" title="Move them to a folder (m)" onClick=${() => setAsks(true)}>Move</button>
    <button type="button" class="action" onClick=${list} aria-label="Save a list">List</button>
    ${photos.length > 0 && html`<button type="button" class="action" onClick=${() => tagPhotos(photos, { add: ["could go"] })} aria-label="Tag could go" title="Tag them “could go”">Tag</button>`}</div>
    <${MoveDialog} isOpen=${asks} files=${files} exact=${exact} onClose=${() => setAsks(false)} />`;
}

/** @param {{ isOpen: boolean, files: File[], exact: boolean, onClose: () => void }} properties */
function MoveDialog({ isOpen, files, exact, onClose }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen]);
  const move = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const folder = dialog.current?.querySelector("input")?.value.trim();
    if (!folder) return;
    onClose();
    localStorage.setItem(FOLDER, folder);
    const started = change("POST", "duplicates/moves", { files: files.map((each) => each.path_uri), folder, exact });
    if (await settle(started, { label: "Undo", run: () => undo(null) })) chosen.value = new Map();
  };
  const count = `${files.length.toLocaleString()} ${files.length === 1 ? "file" : "files"}`;
  return html`<dialog class="small-dialog" ref=${dialog} aria-labelledby="move-title" onClose=${onClose}>
    <form method="dialog" onSubmit=${move}>
      <h2 id="move-title">Move ${count}</h2>
      <label>Folder <input type="text" autocomplete="off" required pattern="/.*" maxlength="4096" placeholder="/home/me/could-go"
        title="The whole path of a folder, from / on" value=${localStorage.getItem(FOLDER) ?? ""} /></label>
      <p>A folder outside the library, on the machine of the library. Sidecars go with their files. Nothing is overwritten, a file whose group keeps nothing stays, and all of it can be undone.</p>
      <div class="buttons">
        <button type="button" onClick=${onClose}>Cancel</button>
        <button type="submit" class="main">Move</button>
      </div>
    </form>
  </dialog>`;
}
