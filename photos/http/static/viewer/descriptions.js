/** The descriptions of a photo by other models: captions, words, and text that they read. All of it is shown as text. */

import { get } from "../data/api.js";
import { wholeTime } from "../data/dates.js";
import { changes } from "../grid/details.js";
import { Icon } from "../icons.js";
import { searchFor } from "../search/bar.js";
import { formatFilter } from "../search/query.js";
import { go, say } from "../state.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { describe, described, offered, stop, useDescribers, work } from "./describing.js";

/**
 * @typedef {{ word: string, state: "tag" | "unverified" | "rejected" | "unknown", label: string | null, score: number | null }} Word
 * @typedef {{ describer: string, made_at: string, caption: string | null, text: string | null, words: Word[] }} Description
 */

/** Milliseconds that a photo stays before it is asked about: photos are passed quickly with the arrow keys. */
const PAUSE_MS = 150;

/** @param {{ id: number }} properties */
export function Descriptions({ id }) {
  useDescribers();
  const [found, setFound] = useState({ id: 0, descriptions: /** @type {Description[]} */ ([]) });
  const version = changes.value + described.value;
  const isShown = found.id === id;
  useEffect(() => {
    const stopped = new AbortController();
    const ask = () =>
      get(`photos/${id}`, {}, stopped.signal).then(setFound, () => {
        // The next photo asks again.
      });
    const timer = setTimeout(ask, isShown ? 0 : PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stopped.abort();
    };
  }, [id, version]);
  const some = isShown ? found.descriptions : [];
  const canDescribe = isShown && offered.value.length > 0;
  const isBusy = work.value !== null;
  if (!some.length && !canDescribe && !isBusy) return null;
  return html`<section class="descriptions"><h3>Descriptions
      ${canDescribe && html`<button type="button" class="quiet" aria-disabled=${isBusy ? "true" : undefined} onClick=${() => isBusy || describe([id], some.length > 0)}>${some.length ? "Describe again" : "Describe"}</button>`}</h3>
    ${work.value && html`<${Work} job=${work.value} />`}
    ${isShown && !some.length && !isBusy && html`<p class="faint">None yet.</p>`}
    ${some.map((each) => html`<${One} key=${`${id} ${each.describer}`} description=${each} />`)}
  </section>`;
}

/** @param {{ job: import("../events.js").Job }} properties */
function Work({ job }) {
  return html`<p class="work" role="status"><span class="busy"></span><span>${job.total ? `Describing: ${job.done.toLocaleString()} of ${job.total.toLocaleString()}` : "Describing …"}</span>
    <button type="button" class="quiet" onClick=${() => stop(job)}>Stop</button></p>`;
}

/** @param {{ description: Description }} properties */
function One({ description }) {
  const { describer, made_at: madeAt, caption, text, words } = description;
  return html`<article class="description" aria-label=${`By ${describer}`}>
    ${caption && html`<p class="said">${caption}</p>`}
    ${words.length > 0 && html`<ul class="words">${words.map((word, i) => html`<li key=${i}><${Chip} ...${word} /></li>`)}</ul>`}
    ${text && html`<${ReadText} text=${text} />`}
    ${!caption && !words.length && !text && html`<p class="said faint">It found nothing to say.</p>`}
    <p class="faint by">by ${describer}, ${wholeTime(madeAt)}</p>
  </article>`;
}

/** @param {Word} word */
function Chip({ word, state, label, score }) {
  const name = label ?? word;
  const hidden = (/** @type {string} */ said) => html`<span class="hidden"> (${said})</span>`;
  if (state === "tag") return html`<button type="button" class="word" title=${`All photos tagged ${name}`} onClick=${() => searchFor(formatFilter({ name: "tag", values: [name], negated: false }))}>${word}</button>`;
  if (state === "unknown") return html`<button type="button" class="word new" title="No label yet: try it as one" onClick=${() => go({ view: "labels", label: `=${word}`, photo: null, q: "" })}><${Icon} name="plus" />${word}${hidden("no label yet: try it as one")}</button>`;
  if (state === "rejected") return html`<span class="word rejected" title=${`You took “${name}” off this photo`}>${word}${hidden("taken off")}</span>`;
  const reason = score === null ? `“${name}” has no score yet` : `The score for “${name}” is only ${score.toFixed(3)}`;
  return html`<span class="word unverified" title=${`Not a tag: ${reason.toLowerCase()}`}>${word}${hidden(`not a tag: ${reason.toLowerCase()}`)}</span>`;
}

/** @param {{ text: string }} properties */
function ReadText({ text }) {
  const copy = () => navigator.clipboard.writeText(text).then(
    () => say("The text is copied."),
    () => say("The browser does not let the text be copied."),
  );
  // Browsers have a clipboard only for pages from this machine or with encryption.
  return html`<details class="read"><summary>Text in the picture</summary>
    <p class="text" tabindex="0" role="group" aria-label="Text in the picture">${text}</p>${"clipboard" in navigator && html`<button type="button" class="quiet" onClick=${copy}>Copy</button>`}</details>`;
}
