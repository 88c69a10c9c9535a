/** The view of labels: the list, and the bench of one of them or of a new one. */

import { get } from "../data/api.js";
import { libraryChanges } from "../events.js";
import { Icon } from "../icons.js";
import { go, route } from "../state.js";
import { html, useEffect, useMemo, useRef, useState } from "../vendor/preact.js";
import { Waiting, useQuestion } from "../views/tiles.js";
import { Bench } from "./bench.js";
import { Calibrations } from "./calibrations.js";
import { Comparison } from "./comparison.js";
import { Gaps } from "./gaps.js";
import { Trial } from "./trial.js";

/**
 * @typedef {{ label: string, vocabulary: string, revision: number, category: string | null, aliases: string[],
 *             minimum: number | null, probability: number | null, threshold: number | null, examples: number,
 *             counterexamples: number, photos: number | null }} Label
 */

/** Views of all labels, by their place in the address. */
const REPORTS = [["@", "Compare revisions"], ["@scores", "How labels score"], ["@missing", "Missing labels"]];

export function View() {
  const { label } = route.value;
  const [labels, setLabels] = useState(/** @type {Label[] | null} */ (null));
  const version = libraryChanges.value;
  const before = useRef(label);
  useEffect(() => {
    // Who chose a label goes on with it, and not through the rest of a long list.
    const work = document.querySelector(".work");
    if (before.current !== label && work instanceof HTMLElement) work.focus({ preventScroll: true });
    before.current = label;
  }, [label]);
  const problem = useQuestion((stop) => get("labels", { photos: true }, stop).then(({ items }) => setLabels(items)), [version]);
  if (!labels) return html`<h1>Labels</h1><${Waiting} problem=${problem} />`;
  const chosen = labels.find((each) => each.label === label);
  let shown;
  if (label.startsWith("=")) shown = html`<${Trial} key=${label} text=${label.slice(1)} />`;
  else if (label === "@") shown = html`<${Comparison} labels=${labels} />`;
  else if (label === "@scores") shown = html`<${Calibrations} />`;
  else if (label === "@missing") shown = html`<${Gaps} />`;
  else if (chosen) shown = html`<${Bench} key=${label} label=${chosen} />`;
  else shown = html`<${Welcome} labels=${labels} />`;
  return html`<div class=${`bench${label ? " has-choice" : ""}`}><${List} labels=${labels} chosen=${label} /><section class="work" tabindex="-1" aria-label=${label.startsWith("@") ? "All labels" : "Label"}>${shown}</section></div>`;
}

/** @param {{ labels: Label[], chosen: string }} properties */
function List({ labels, chosen }) {
  const [filter, setFilter] = useState("");
  const groups = useMemo(() => {
    /** @type {Map<string, Label[]>} */
    const found = new Map();
    for (const each of labels) {
      if (!each.label.includes(filter.toLowerCase())) continue;
      const name = each.category ?? (labels.some((other) => other.category) ? "Others" : "");
      found.set(name, [...(found.get(name) ?? []), each]);
    }
    return [...found];
  }, [labels, filter]);
  const isNew = filter.trim() && !labels.some((each) => each.label === filter.trim().toLowerCase());
  return html`<div class="labels">
    <h1>Labels</h1>
    <button type="button" class="quiet all" onClick=${() => go({ label: "" })}>All labels</button>
    <form onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      if (filter.trim()) go({ label: isNew ? `=${filter.trim()}` : filter.trim().toLowerCase() });
    }}><input type="text" placeholder="Find a label, or try a new one" aria-label="Find a label, or try a new one" value=${filter} maxlength="200"
      onInput=${(/** @type {Event} */ event) => event.target instanceof HTMLInputElement && setFilter(event.target.value)} /></form>
    ${isNew && html`<button type="button" class="plain try" onClick=${() => go({ label: `=${filter.trim()}` })}><${Icon} name="plus" />Try “${filter.trim()}”</button>`}
    <div class="more">${REPORTS.map(([name, title]) => html`<button type="button" class="quiet" key=${name} aria-current=${chosen === name ? "true" : undefined} onClick=${() => go({ label: name })}>${title}</button>`)}</div>
    <div class="names" role="navigation" aria-label="Labels">${groups.map(([name, some]) => html`<div key=${name}>
      ${name && html`<h2>${name}</h2>`}
      <ul>${some.map((each) => html`<li key=${each.label}><a href=${`/?view=labels&label=${encodeURIComponent(each.label)}`} aria-current=${each.label === chosen ? "true" : undefined}
        onClick=${(/** @type {MouseEvent} */ event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          go({ label: each.label });
        }}><span>${each.label}</span><small>${(each.photos ?? 0).toLocaleString()}</small></a></li>`)}</ul></div>`)}
    </div>
  </div>`;
}

/** @param {{ labels: Label[] }} properties */
function Welcome({ labels }) {
  const used = labels.filter((each) => each.photos).sort((one, other) => (other.photos ?? 0) - (one.photos ?? 0));
  const most = used[0]?.photos ?? 1;
  return html`<h2>${labels.length.toLocaleString()} labels, ${used.length.toLocaleString()} on photos</h2>
    <p class="faint">Choose one to see how its scores lie, and to move the score from which it counts.</p>
    <ul class="bars">${used.slice(0, 24).map((each) => html`<li key=${each.label}><button type="button" onClick=${() => go({ label: each.label })}>
      <span>${each.label}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width=${(100 * (each.photos ?? 0)) / most} height="10" rx="2" /></svg>
      <small>${each.photos?.toLocaleString()}</small></button></li>`)}</ul>`;
}
