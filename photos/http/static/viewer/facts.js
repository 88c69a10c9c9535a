/** The panel beside a photo: facts, tags, the reasons for its rank, and photos like it. */

import { change, get, media } from "../data/api.js";
import { LabelNames, wantLabelNames } from "../data/labels.js";
import { wholeTime } from "../data/dates.js";
import { changes, forget } from "../grid/details.js";
import { Icon } from "../icons.js";
import { searchFor } from "../search/bar.js";
import { formatFilter, likePhoto, parseQuery } from "../search/query.js";
import { attempt, go, route, say } from "../state.js";
import { html, signal, useEffect, useState } from "../vendor/preact.js";
import { Descriptions } from "./descriptions.js";
import { History } from "./history.js";
import { PlaceMap, degrees } from "./map.js";

/** Number of the tag that `y` and `n` decide on. */
export const chosenTag = signal(0);

/** @param {{ id: number, details: import("../grid/details.js").Details | undefined }} properties */
export function Facts({ id, details }) {
  if (!details) return html`<aside class="facts" aria-label="About this photo"></aside>`;
  return html`<aside class="facts" aria-label="About this photo" tabindex="0">
    ${details.caption && html`<p class="caption">${details.caption}</p>`}
    <${Reasons} id=${id} />
    <${Tags} id=${id} tags=${details.tags} />
    <${Descriptions} id=${id} />
    <${Data} details=${details} />
    <${History} id=${id} />
    <${Similar} id=${id} />
  </aside>`;
}

/** A filter as text. @param {string} name @param {string} value */
function filter(name, value) {
  return formatFilter({ name, values: [value], negated: false });
}

/** @param {{ details: import("../grid/details.js").Details }} properties */
function Data({ details }) {
  const { latitude, longitude } = details;
  const name = details.path.split("/").pop() ?? details.path;
  const folder = details.path.slice(0, Math.max(0, details.path.length - name.length - 1));
  const camera = [details.lens, exposureText(details)].filter(Boolean).join(" · ");
  return html`<section><h3>Details</h3><dl class="data">
    <div><dt><${Icon} name="calendar" /><span class="hidden">Taken</span></dt>
      <dd>${details.taken_at ? wholeTime(details.taken_at) : "No date"}
        ${details.date_source === "DateTime" && html`<small>By the time of the last change, which is less sure</small>`}</dd></div>
    ${(details.camera || camera) && html`<div><dt><${Icon} name="camera" /><span class="hidden">Camera</span></dt>
      <dd>${details.camera ?? "Camera unknown"}${camera && html`<small>${camera}</small>`}</dd></div>`}
    <div><dt><${Icon} name="file" /><span class="hidden">File</span></dt>
      <dd class="break">${name}<small>${details.width.toLocaleString()} × ${details.height.toLocaleString()} · ${((details.width * details.height) / 1e6).toFixed(1)} MP · ${details.format}</small></dd></div>
    <div><dt><${Icon} name="library" /><span class="hidden">Folder</span></dt>
      <dd class="break"><button type="button" class="link" onClick=${() => searchFor(filter("in", folder))}>${folder}</button>
        ${details.paths.length > 1 && html`<small>In ${details.paths.length} places: ${details.paths.slice(1).join(", ")}</small>`}
        ${details.companions.length > 0 && html`<small>With ${details.companions.map((each) => each.split("/").pop()).join(", ")}</small>`}</dd></div>
    ${details.keywords.length > 0 && html`<div><dt><${Icon} name="tag" /><span class="hidden">Keywords</span></dt><dd>${details.keywords.join(", ")}</dd></div>`}
    ${latitude !== null && longitude !== null && html`<div><dt><${Icon} name="place" /><span class="hidden">Place</span></dt>
      <dd><button type="button" class="link" onClick=${() => searchFor(`near:${latitude.toFixed(5)},${longitude.toFixed(5)},5km`)}>${degrees(latitude, "N", "S")}, ${degrees(longitude, "E", "W")}</button></dd></div>`}
  </dl>
  ${latitude !== null && longitude !== null && html`<${PlaceMap} latitude=${latitude} longitude=${longitude} />`}
  </section>`;
}

/** @param {import("../grid/details.js").Details} details */
function exposureText({ focal_length: focal, aperture, exposure, iso }) {
  const parts = [];
  if (focal) parts.push(`${round(focal)} mm`);
  if (aperture) parts.push(`f/${round(aperture)}`);
  if (exposure) parts.push(exposure < 0.4 ? `1/${Math.round(1 / exposure)} s` : `${round(exposure)} s`);
  if (iso) parts.push(`ISO ${iso}`);
  return parts.join(" · ");
}

/** @param {number} value */
function round(value) {
  return String(Math.round(value * 10) / 10);
}

/** Decides on a tag of a photo. Returns whether that is done. @param {number} id @param {string} label @param {"added" | "rejected" | null} state */
export async function decide(id, label, state) {
  const path = `photos/${id}/tags/${encodeURIComponent(label)}`;
  const done = await attempt(async () => {
    await (state ? change("PUT", path, { state }) : change("DELETE", path));
    return true;
  });
  if (!done) return false;
  forget([id]);
  changes.value++;
  if (state) {
    const text = state === "added" ? `“${label}” is right.` : `“${label}” is taken off.`;
    say(text, { label: "Undo", run: () => decide(id, label, null) });
  }
  return true;
}

/** @param {{ id: number, tags: import("../grid/details.js").Tag[] }} properties */
function Tags({ id, tags }) {
  const at = Math.min(chosenTag.value, tags.length - 1);
  return html`<section><h3>Tags</h3>
    ${tags.length === 0 && html`<p class="faint">None yet.</p>`}
    <ul class="tags">${tags.map((tag, i) => html`<li key=${tag.label} class=${`tag ${tag.source}${i === at ? " chosen" : ""}`}>
      <button type="button" class="name" onClick=${() => searchFor(filter("tag", tag.label))}
        title=${`All photos tagged ${tag.label}`}>${tag.label}</button>
      <span class="how">${howText(tag)}</span>
      <button type="button" class="round small yes" aria-label=${`${tag.label} is right`} title="Right (y)" aria-pressed=${tag.source === "user" ? "true" : "false"} onClick=${() => decide(id, tag.label, "added")}><${Icon} name="check" /></button>
      <button type="button" class="round small no" aria-label=${`${tag.label} is wrong`} title="Wrong (n)" onClick=${() => decide(id, tag.label, "rejected")}><${Icon} name="close" /></button>
      ${tag.score !== null && tag.threshold !== null && html`<${Meter} score=${tag.score} threshold=${tag.threshold} />`}
    </li>`)}</ul>
    <form class="add" onSubmit=${async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const field = event.target instanceof HTMLFormElement ? event.target.querySelector("input") : null;
      const label = field?.value.trim();
      if (!field || !label) return;
      if ((await decide(id, label, "added")) && field.value.trim() === label) field.value = "";
    }}><input type="text" placeholder="Add a tag" aria-label="Add a tag" list="photo-label-names" autocomplete="off" maxlength="200" onFocus=${wantLabelNames} /><${LabelNames} id="photo-label-names" /></form>
  </section>`;
}

/** @param {import("../grid/details.js").Tag} tag */
function howText(tag) {
  if (tag.source === "user") return "by you";
  if (tag.source === "imported") return tag.origin ? `from ${tag.origin}` : "imported";
  if (tag.implied_by) return `by ${tag.implied_by}`;
  return tag.probability === null ? "" : percent(tag.probability);
}

/** @param {number} probability */
function percent(probability) {
  return probability >= 0.0995 ? `${Math.round(probability * 100)} %` : `${(probability * 100).toPrecision(1)} %`;
}

/** A score against its threshold, which is the tick in the middle. @param {{ score: number, threshold: number }} properties */
function Meter({ score, threshold }) {
  const part = Math.max(0.02, Math.min(1, 0.5 + (score - threshold) * 4));
  return html`<svg class="meter" viewBox="0 0 100 4" preserveAspectRatio="none" role="img"
    aria-label=${`Score ${score.toFixed(3)}, threshold ${threshold.toFixed(3)}`}>
    <title>${`Score ${score.toFixed(3)}, threshold ${threshold.toFixed(3)}`}</title>
    <rect class="rail" width="100" height="4" rx="2" /><rect class="fill" width=${100 * part} height="4" rx="2" /><rect class="tick" x="49.6" width="0.8" height="4" /></svg>`;
}

/** The reasons for the photo's rank in the query's answer. @param {{ id: number }} properties */
function Reasons({ id }) {
  const { q } = route.value;
  const [why, setWhy] = useState(/** @type {any} */ (null));
  let hasTerms = false;
  try {
    hasTerms = parseQuery(q).terms.length > 0;
  } catch {
    // The grid says what is wrong with the query.
  }
  useEffect(() => {
    setWhy(null);
    if (!hasTerms) return undefined;
    const stop = new AbortController();
    get(`photos/${id}/explanation`, { query: q, model: route.peek().model || null }, stop.signal).then(setWhy, () => {
      // A photo without an embedding has no rank.
    });
    return () => stop.abort();
  }, [id, q]);
  if (!why) return null;
  const most = Math.max(0.02, ...why.terms.map((/** @type {{ share: number }} */ each) => Math.abs(each.share)));
  return html`<section><h3>Why it is here</h3>
    <p class="rank">Number <b>${why.rank.toLocaleString()}</b> of ${why.photos.toLocaleString()}${" "}
      <span class=${why.stands_out ? "good" : "faint"}>${why.stands_out ? "stands out" : "no better than chance"}</span></p>
    <ul class="shares">${why.terms.map((/** @type {{ term: string, share: number, score: number, weight: number }} */ each) => html`<li key=${each.term}>
      <span class="name">${each.weight < 0 ? "− " : ""}${each.term.split("/").pop()}</span><span class="value">${signed(each.share)}</span>
      <svg viewBox="-50 0 100 5" preserveAspectRatio="none" aria-hidden="true"><rect class="rail" x="-50" width="100" height="5" />
        <rect class=${each.share < 0 ? "less" : "more"} x=${Math.min(0, (each.share / most) * 50)} width=${Math.abs(each.share / most) * 50} height="5" /></svg></li>`)}
    </ul>
    <p class="faint">Score ${why.score?.toFixed(4)}${why.probability !== null ? ` · probability ${percent(why.probability)}` : ""}${why.least !== null ? ` · better than chance from ${why.least.toFixed(3)}` : ""}</p>
  </section>`;
}

/** @param {number} value */
function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

/** @param {{ id: number }} properties */
function Similar({ id }) {
  const [found, setFound] = useState(/** @type {{ id: number, score: number }[]} */ ([]));
  useEffect(() => {
    const stop = new AbortController();
    setFound([]);
    // Photos are passed quickly with the arrow keys; the one that stays is asked about.
    const timer = setTimeout(() => {
      get(`photos/${id}/similar`, { limit: 9, model: route.peek().model || null }, stop.signal).then(
        ({ matches }) => setFound(matches),
        () => {
          // No embedding, no similar photos.
        },
      );
    }, 150);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [id]);
  if (!found.length) return null;
  return html`<section><h3>Similar <button type="button" class="quiet" onClick=${() => searchFor(likePhoto(id))}>Show all</button></h3>
    <ul class="similar">${found.map((each) => html`<li key=${each.id}><button type="button" onClick=${() => go({ photo: each.id }, { replace: true })}
      aria-label=${`Photo with similarity ${each.score.toFixed(2)}`}><img src=${media(each.id, "320.webp")} alt="" loading="lazy" /></button></li>`)}</ul></section>`;
}
