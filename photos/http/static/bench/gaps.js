/** Photos that no label describes, as cards: each becomes a label, or is dismissed. */

import { change, get } from "../data/api.js";
import { ended, isUnfinished, jobs } from "../events.js";
import { attempt, go, say } from "../state.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { Tile, Waiting, useQuestion } from "../views/tiles.js";

/**
 * @typedef {{ label: string | null, photos: number, words: { label: string }[], shown: number[] }} Gap
 * @typedef {{ items: Gap[], vocabulary: string | null, words: string | null, tried: number, sampled: number, total: number, untagged: number }} Report
 */

const KEPT = "photos-dismissed-gaps";

/** @returns {string[]} */
function dismissedBefore() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}

/** A name for a card that stays the same when it is found again. @param {Gap} gap */
function keyOf({ label, shown }) {
  return label ?? `photos ${shown.join(" ")}`;
}

export function Gaps() {
  const [report, setReport] = useState(/** @type {Report | null} */ (null));
  const [dismissed, setDismissed] = useState(dismissedBefore());
  const [made, setMade] = useState(/** @type {string[]} */ ([]));
  const [version, setVersion] = useState(0);
  const problem = useQuestion((stop) => get("labels/gaps", {}, stop).then(setReport), [version]);
  const running = [...jobs.value.values()].find((each) => each.kind === "suggest" && isUnfinished(each));
  // The job may have been started in another window, or before this view was opened.
  useEffect(() => (running ? () => setVersion((before) => before + 1) : undefined), [running?.job]);
  const look = async () => {
    const job = await attempt(() => change("POST", "labels/gaps"));
    if (job && (await ended(job)).state === "done") setMade([]);
  };
  const keep = (/** @type {string[]} */ keys) => {
    localStorage.setItem(KEPT, JSON.stringify(keys.slice(-500)));
    setDismissed(keys);
  };
  if (!report) return html`<h2>Missing labels</h2><${Waiting} problem=${problem} />`;
  const wasLooked = report.words !== null;
  const cards = report.items.filter((each) => !dismissed.includes(keyOf(each)) && !made.includes(keyOf(each)));
  const hidden = report.items.filter((each) => dismissed.includes(keyOf(each))).length;
  return html`<header class="head"><h2>Missing labels</h2>
      <p class="faint">What your photos show and no label describes: words of a list that fit, and photos without tags that look alike.
        ${wasLooked ? ` ${report.tried.toLocaleString()} words were tried on ${report.sampled.toLocaleString()} of ${report.total.toLocaleString()} photos; ${report.untagged.toLocaleString()} have no tag.` : " The first time, the model reads a list of thousands of words, which takes minutes."}</p></header>
    <div class="buttons left"><button type="button" class=${wasLooked ? "plain" : "main"} disabled=${Boolean(running)} onClick=${look}>${running ? "Looking …" : wasLooked ? "Look again" : "Look for missing labels"}</button>
      ${hidden > 0 && html`<button type="button" class="plain" onClick=${() => keep([])}>Show ${hidden} dismissed</button>`}</div>
    ${running && html`<p class="faint looking" role="status"><span class="busy"></span> ${running.stage ?? "One moment"}${running.total ? ` ${running.done.toLocaleString()} of ${running.total.toLocaleString()}` : ""}</p>`}
    ${wasLooked && !cards.length && html`<p>${report.items.length ? "That is all." : "Nothing stands out: no word adds to the tags of any photos, and no photos without tags look alike."}</p>`}
    <ul class="gaps">${cards.map((gap) => html`<${Card} key=${keyOf(gap)} gap=${gap} words=${report.words ?? ""}
      onMade=${() => setMade([...made, keyOf(gap)])} onDismissed=${() => keep([...dismissed, keyOf(gap)])} />`)}</ul>`;
}

/** @param {{ gap: Gap, words: string, onMade: () => void, onDismissed: () => void }} properties */
function Card({ gap, words, onMade, onDismissed }) {
  const [name, setName] = useState(gap.label ?? "");
  const [isBusy, setBusy] = useState(false);
  const typed = name.trim().toLowerCase();
  const isWord = gap.words.some((each) => each.label === typed);
  const make = async () => {
    setBusy(true);
    // A word of the list scores as it did there. Any other name is learned from the photos.
    const job = await attempt(() =>
      isWord ? change("POST", "labels", { label: typed, words }) : change("POST", `labels/${encodeURIComponent(typed)}/examples`, { yes: gap.shown }));
    const done = job && (await ended(job));
    setBusy(false);
    if (done?.state !== "done") return;
    say(`“${typed}” is a label.`, { label: "Show it", run: () => go({ view: "labels", label: typed }) });
    onMade();
  };
  return html`<li class="gap"><ul class="tiles">${gap.shown.map((id) => html`<${Tile} key=${id} id=${id} />`)}</ul>
    <p class="sum"><b>${gap.photos.toLocaleString()}</b> ${gap.label === null ? "photos look alike and have no tag" : "photos whose tags do not say it"}</p>
    ${gap.words.length > 1 && html`<div class="words" role="group" aria-label="Words that fit">${gap.words.map((each) => html`<button type="button" key=${each.label} aria-pressed=${each.label === typed ? "true" : "false"} onClick=${() => setName(each.label)}>${each.label}</button>`)}</div>`}
    <form onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      if (typed && !isBusy) make();
    }}><input type="text" aria-label="Name of the label" placeholder="Name of the label" maxlength="200" value=${name} onInput=${(/** @type {Event} */ event) => event.target instanceof HTMLInputElement && setName(event.target.value)} />
      <button type="submit" class="main" disabled=${!typed || isBusy}>${isBusy ? "Tagging …" : "Make it a label"}</button>
      <button type="button" class="plain" onClick=${onDismissed} disabled=${isBusy}>Dismiss</button></form>
    ${typed && !isWord && html`<p class="faint">A name of your own is taught by these ${gap.shown.length} photos.</p>`}</li>`;
}
