/** The difference of two revisions of a vocabulary, as photos whose tags change. */

import { change, get, sentenceOf } from "../data/api.js";
import { ended } from "../events.js";
import { attempt, say } from "../state.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { Tile, Waiting } from "../views/tiles.js";

/**
 * @typedef {{ vocabulary: string, revision: number, labels: number, since: string, in_use: boolean }} Revision
 * @typedef {{ one: string, other: string, added: string[], removed: string[], changed: { [label: string]: string[] },
 *             photos?: { [label: string]: [number, number] },
 *             changed_photos: { id: number, path: string | null, added: string[], removed: string[] }[] }} Difference
 */

/** Photos that are shown of a difference. */
const SHOWN = 300;

/** @param {{ labels: import("./labels.js").Label[] }} properties */
export function Comparison({ labels }) {
  const vocabulary = labels[0]?.vocabulary ?? "";
  const [revisions, setRevisions] = useState(/** @type {Revision[] | null} */ (null));
  const [pair, setPair] = useState(/** @type {[string, string] | null} */ (null));
  const [found, setFound] = useState(/** @type {Difference | null} */ (null));
  const [problem, setProblem] = useState(/** @type {string | null} */ (null));
  const [isBusy, setBusy] = useState(false);
  const [version, setVersion] = useState(0);
  const failed = (/** @type {unknown} */ error) => setProblem(sentenceOf(error));
  useEffect(() => {
    get(`vocabularies/${encodeURIComponent(vocabulary)}/revisions`).then(({ items }) => {
      const sorted = items.toSorted((/** @type {Revision} */ one, /** @type {Revision} */ other) => other.revision - one.revision);
      setRevisions(sorted);
      if (sorted.length > 1) setPair([nameOf(sorted[1]), nameOf(sorted[0])]);
    }, failed);
  }, [vocabulary, version]);
  useEffect(() => {
    if (!pair) return undefined;
    const stop = new AbortController();
    setFound(null);
    setProblem(null);
    get("compare", { from: pair[0], to: pair[1], photos: true }, stop.signal).then(setFound, (error) => {
      if (!stop.signal.aborted) failed(error);
    });
    return () => stop.abort();
  }, [pair]);
  const older = revisions?.find((each) => pair && nameOf(each) === pair[0] && !each.in_use);
  const goBack = async () => {
    if (!older) return;
    setBusy(true);
    const job = await attempt(() => change("POST", `vocabularies/${encodeURIComponent(vocabulary)}/rollback`, { revision: older.revision }));
    const done = job && (await ended(job));
    setBusy(false);
    if (done?.state !== "done") return;
    say(`Photos are tagged with ${nameOf(older)} again.`);
    setVersion(version + 1);
  };
  if (!revisions) return html`<h2>Revisions</h2><${Waiting} problem=${problem} />`;
  const select = (/** @type {0 | 1} */ place) => html`<label>${place ? "with" : "Compare"}<select value=${pair?.[place]} onChange=${(/** @type {Event} */ event) => {
    if (!pair || !(event.target instanceof HTMLSelectElement)) return;
    setPair(place ? [pair[0], event.target.value] : [event.target.value, pair[1]]);
  }}>${revisions.map((each) => html`<option key=${each.revision} value=${nameOf(each)} selected=${pair?.[place] === nameOf(each)}>${nameOf(each)} · ${each.labels} labels · ${each.since.slice(0, 16).replace("T", " ")}${each.in_use ? " · in use" : ""}</option>`)}</select></label>`;
  return html`<header class="head"><h2>Revisions of ${vocabulary}</h2><p class="faint">Each change of a vocabulary is a revision. The stored embeddings say what it changes.</p></header>
    ${pair ? html`<div class="pair">${select(0)}${select(1)}</div>` : html`<p>There is only one revision so far.</p>`}
    ${older && html`<button type="button" class="plain" disabled=${isBusy} onClick=${goBack}>${isBusy ? "Tagging …" : `Use ${nameOf(older)} again`}</button>`}
    ${pair && !found && html`<${Waiting} problem=${problem} />`}
    ${found && html`<${Changes} found=${found} />`}`;
}

/** @param {Revision} revision */
function nameOf({ vocabulary, revision }) {
  return `${vocabulary}@${revision}`;
}

/** @param {{ found: Difference }} properties */
function Changes({ found }) {
  const counts = Object.entries(found.photos ?? {})
    .filter(([, [before, after]]) => before !== after)
    .sort(([, one], [, other]) => Math.abs(other[1] - other[0]) - Math.abs(one[1] - one[0]));
  const changed = found.changed_photos;
  return html`
    <ul class="changes">
      ${found.added.map((label) => html`<li key=${label}><b class="good">+ ${label}</b></li>`)}
      ${found.removed.map((label) => html`<li key=${label}><b class="less">− ${label}</b></li>`)}
      ${Object.entries(found.changed).map(([label, what]) => html`<li key=${label}><b>${label}</b> <small>${what.join(", ")}</small></li>`)}
      ${counts.map(([label, [before, after]]) => html`<li key=${`count ${label}`}><span>${label}</span> <small>${before.toLocaleString()} → ${after.toLocaleString()}</small></li>`)}
    </ul>
    <h3>${changed.length ? `${changed.length.toLocaleString()} photos have other tags` : "No photo has other tags"}</h3>
    <ul class="tiles">${changed.slice(0, SHOWN).map((each) => html`<${Tile} key=${each.id} id=${each.id} alt=${`Photo ${each.id}: ${[...each.added.map((tag) => `plus ${tag}`), ...each.removed.map((tag) => `minus ${tag}`)].join(", ")}`}>
      <span class="diff">${each.added.map((tag) => html`<b key=${tag} class="good">+ ${tag}</b>`)}${each.removed.map((tag) => html`<b key=${tag} class="less">− ${tag}</b>`)}</span><//>`)}</ul>
    ${changed.length > SHOWN && html`<p class="faint">The first ${SHOWN} are shown.</p>`}`;
}
