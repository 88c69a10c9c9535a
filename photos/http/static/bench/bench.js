/** The bench of a label: its scores over the library, its threshold, and teaching by example. */

import { change, getStrip } from "../data/api.js";
import { countFrom, descending } from "../data/ranking.js";
import { ended } from "../events.js";
import { searchFor } from "../search/bar.js";
import { formatFilter } from "../search/query.js";
import { attempt, say } from "../state.js";
import { html, useMemo, useState } from "../vendor/preact.js";
import { Waiting, useQuestion } from "../views/tiles.js";
import { ExamplesBar, Marked, noMarks } from "./examples.js";
import { ScoreHistogram } from "./histogram.js";

/** Photos in a row of the bench. */
const SHOWN = 18;

/**
 * `bias` is null for a model without probabilities, whose thresholds cannot be moved.
 * @typedef {{ ids: Int32Array, scores: Float32Array, order: Uint32Array, minimum: number, scale: number, bias: number | null }} Column
 */

/** @param {string} name @param {AbortSignal} stop @returns {Promise<Column>} */
async function load(name, stop) {
  const [all, column] = await Promise.all([
    getStrip("strip", {}, stop),
    getStrip(`labels/${encodeURIComponent(name)}/column`, {}, stop),
  ]);
  if (all.header.order !== column.header.order) return load(name, stop);
  const scores = /** @type {Float32Array} */ (column.columns.get("score"));
  const { threshold, scale, bias } = column.header;
  return {
    ids: /** @type {Int32Array} */ (all.columns.get("id")), scores, order: descending(scores),
    minimum: typeof threshold === "number" ? threshold : 1, scale: Number(scale), bias: typeof bias === "number" ? bias : null,
  };
}

/** @param {{ label: import("./labels.js").Label }} properties */
export function Bench({ label }) {
  const [column, setColumn] = useState(/** @type {Column | null} */ (null));
  const [threshold, setThreshold] = useState(0);
  const [marks, setMarks] = useState(noMarks);
  const [isBusy, setBusy] = useState(false);
  const [version, setVersion] = useState(0);
  const problem = useQuestion((stop) => load(label.label, stop).then((found) => {
    setColumn(found);
    setThreshold(found.minimum);
  }), [label.label, version]);
  const rows = useMemo(() => (column ? rowsOf(column, threshold) : null), [column, threshold]);
  if (!column || !rows) return html`<h2>${label.label}</h2><${Waiting} problem=${problem} />`;

  const save = async (/** @type {number | null} */ minimum) => {
    setBusy(true);
    const wanted = minimum === null ? null : 1 / (1 + Math.exp(-(column.scale * minimum + (column.bias ?? 0))));
    const job = await attempt(() => change("PATCH", `labels/${encodeURIComponent(label.label)}`, { threshold: wanted }));
    const done = job && (await ended(job));
    setBusy(false);
    if (done?.state !== "done") return;
    say(minimum === null ? `“${label.label}” counts from its usual score again.` : `“${label.label}” counts from ${minimum.toFixed(3)}.`);
    setVersion(version + 1);
  };
  const isMoved = Math.abs(threshold - column.minimum) > 1e-6;
  const list = (/** @type {string} */ title, /** @type {Uint32Array} */ places, /** @type {string} */ kind) =>
    places.length > 0 && html`<h3>${title}</h3><ul class="tiles">${[...places].map((place) => html`<${Marked} key=${column.ids[place]} id=${column.ids[place]}
      score=${column.scores[place]} kind=${kind} marks=${marks} onMarks=${setMarks} />`)}</ul>`;
  return html`
    <header class="head"><h2>${label.label}</h2>
      <p class="faint">${label.vocabulary}@${label.revision}${label.aliases.length ? ` · also ${label.aliases.join(", ")}` : ""}${label.examples + label.counterexamples ? ` · taught by ${label.examples + label.counterexamples} photos` : ""}</p>
      <button type="button" class="plain" onClick=${() => searchFor(formatFilter({ name: "tag", values: [label.label], negated: false }))}>${(label.photos ?? 0).toLocaleString()} photos have it</button></header>
    <${ScoreHistogram} scores=${column.scores} threshold=${threshold} saved=${column.minimum} onMove=${setThreshold} />
    <p class="sum" role="status">From <b>${threshold.toFixed(3)}</b> on: <b>${rows.now.toLocaleString()}</b> photos by score${isMoved ? html`<span class=${rows.now > rows.before ? "good" : "less"}>
      ${rows.now >= rows.before ? `, ${(rows.now - rows.before).toLocaleString()} come` : `, ${(rows.before - rows.now).toLocaleString()} go`}</span>` : ""}</p>
    <div class="buttons left">
      <button type="button" class="main" disabled=${!isMoved || isBusy || column.bias === null} onClick=${() => save(threshold)}>${isBusy ? "Tagging …" : "Save this threshold"}</button>
      ${isMoved && html`<button type="button" disabled=${isBusy} onClick=${() => setThreshold(column.minimum)}>Put it back</button>`}
      ${!isMoved && label.threshold !== null && html`<button type="button" disabled=${isBusy} onClick=${() => save(null)}>Use the usual threshold</button>`}
    </div>
    ${column.bias === null && html`<p class="faint">This model has no probabilities, so a threshold cannot be saved.</p>`}
    <${ExamplesBar} label=${label.label} marks=${marks} onTaught=${() => {
      setMarks(noMarks);
      setVersion(version + 1);
    }} />
    ${list("These come", rows.coming, "comes")}
    ${list("These go", rows.going, "goes")}
    ${list("Just above the threshold", rows.above, "")}
    ${list("Just below", rows.below, "")}
    ${list("The clearest", rows.clearest, "")}`;
}

/** Photos around a threshold. @param {Column} column @param {number} threshold */
function rowsOf({ scores, order, minimum }, threshold) {
  const now = countFrom(scores, threshold, order);
  const before = countFrom(scores, minimum, order);
  const some = (/** @type {number} */ from, /** @type {number} */ until) => order.slice(Math.max(0, from), Math.max(0, Math.min(until, from + SHOWN)));
  return {
    now, before,
    coming: some(before, now),
    going: some(now, before),
    above: some(Math.max(0, now - SHOWN / 2), now).reverse(),
    below: some(now, now + SHOWN / 2),
    clearest: some(0, Math.min(now, SHOWN / 2)),
  };
}
