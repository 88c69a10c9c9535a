/** The search box with its suggestions, and the chips that say what the text means. */

import { get } from "../data/api.js";
import { Icon } from "../icons.js";
import { failure, go, isLoading, photos, photosText, route, terms, weigh, weights } from "../state.js";
import { computed, effect, html, signal, useRef, useState } from "../vendor/preact.js";
import { complete, partToComplete } from "./completion.js";
import { savedSearches, toggleSaved } from "./saved.js";
import { BadQuery, formatFilter, formatQuery, parseQuery, termName, valuesText } from "./query.js";

/** Pauses after which what was typed is searched for: words that are known, and others, which a model must read. */
const KNOWN_MS = 200;
const NEW_MS = 1000;
/** Labels and earlier searches that were suggested: their vectors are stored. @type {Set<string>} */
const known = new Set();
const isWide = matchMedia("(min-width: 900px)");
/** Filters that an empty box proposes. */
const EXAMPLES = [
  { query: "is:untagged", about: "without any tag" },
  { query: 'date:"last month"', about: "by date" },
  { query: "rating:4..", about: "by stars" },
  { query: "orientation:panorama", about: "by shape" },
].map((each) => ({ ...each, kind: "filter", text: each.query }));

/** Text in the box, which may be ahead of the address. */
export const draft = signal(route.peek().q);
effect(() => {
  draft.value = route.value.q;
});

/** Meaning of the text; null while it cannot be parsed. */
const meaning = computed(() => {
  try {
    return parseQuery(draft.value);
  } catch (error) {
    if (error instanceof BadQuery) return null;
    throw error;
  }
});

/**
 * Searches for a text.
 * @param {string} text @param {{ replace?: boolean }} [options]
 */
export function searchFor(text, options) {
  draft.value = text;
  go({ view: "photos", q: text.trim(), photo: null }, options);
}

/** Milliseconds to wait for more of a query. @param {import("./query.js").Query | null} query */
function pauseFor(query) {
  const isKnown = query?.terms.every((each) => each.kind === "picture" || known.has(each.text.toLowerCase()));
  return isKnown ? KNOWN_MS : NEW_MS;
}

/** Words without the name of a filter and its quotes, for suggestions. @param {string} words */
function bare(words) {
  return words.trim().replace(/^[A-Za-z]+:"?/, "");
}

/** @typedef {{ kind: string, text: string, query: string, about?: string }} Suggestion */

export function SearchBar() {
  const input = useRef(/** @type {HTMLInputElement | null} */ (null));
  const [items, setItems] = useState(/** @type {Suggestion[]} */ ([]));
  const [chosen, setChosen] = useState(-1);
  const [isOpen, setOpen] = useState(false);
  const work = useRef({ timer: 0, isTyping: false, stop: /** @type {AbortController | null} */ (null) }).current;

  const suggest = async () => {
    work.stop?.abort();
    work.stop = new AbortController();
    const { signal: stop } = work.stop;
    const box = input.current;
    if (!box) return;
    const { words } = partToComplete(box.value, box.selectionStart ?? box.value.length);
    try {
      const { items: found } = await get("suggestions", { text: bare(words), limit: box.value.trim() ? 4 : 6 }, stop);
      const kinds = box.value.trim() ? found : found.filter((/** @type {Suggestion} */ each) => each.kind === "search");
      for (const { kind, text } of found) if (kind === "label" || kind === "search") known.add(text.toLowerCase());
      setItems([...kinds, ...(box.value.trim() ? [] : EXAMPLES)].slice(0, 12));
      setChosen(-1);
    } catch {
      // Suggestions are a help; without them the box works as before.
    }
  };

  const typed = (/** @type {string} */ text) => {
    draft.value = text;
    setOpen(true);
    suggest();
    clearTimeout(work.timer);
    work.timer = window.setTimeout(() => {
      if (!meaning.peek()) return;
      searchFor(text, { replace: work.isTyping });
      work.isTyping = true;
    }, pauseFor(meaning.peek()));
  };

  const submit = (/** @type {string} */ text) => {
    clearTimeout(work.timer);
    setOpen(false);
    searchFor(text, { replace: work.isTyping });
    work.isTyping = false;
  };

  const take = (/** @type {Suggestion} */ item) => {
    const box = input.current;
    if (!box) return;
    if (item.kind === "search") {
      submit(item.query);
      return;
    }
    const next = complete(box.value, box.selectionStart ?? box.value.length, item.query);
    submit(next.text);
    requestAnimationFrame(() => {
      box.focus();
      box.setSelectionRange(next.caret, next.caret);
      setOpen(false);
    });
  };

  const keyed = (/** @type {KeyboardEvent} */ event) => {
    const isListed = isOpen && items.length > 0;
    if (event.key === "ArrowDown" && isListed) setChosen((chosen + 1) % items.length);
    else if (event.key === "ArrowUp" && isListed) setChosen((chosen - 1 + items.length) % items.length);
    else if (event.key === "Enter") {
      if (isListed && chosen >= 0) take(items[chosen]);
      else submit(draft.value);
    } else if (event.key === "Escape" && isListed) setOpen(false);
    else if (event.key === "Escape") input.current?.blur();
    else if (event.key === "Tab" && isListed && chosen >= 0) take(items[chosen]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const isListed = isOpen && items.length > 0;
  return html`<form class="search" role="search" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}
      onFocusOut=${(/** @type {FocusEvent} */ event) => {
        if (event.currentTarget instanceof Node && event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)) return;
        setOpen(false);
        work.isTyping = false;
      }}>
    <${Icon} name="search" />
    <input ref=${input} id="search" type="search" enterkeyhint="search" autocomplete="off" autocapitalize="off" spellcheck=${false}
      placeholder=${isWide.matches ? "Search: a dog on the beach, tag:cat, year:2019 …" : "Search photos"} aria-label="Search photos" maxlength="4096"
      role="combobox" aria-expanded=${isListed ? "true" : "false"} aria-controls="suggestions" aria-autocomplete="list"
      aria-activedescendant=${isListed && chosen >= 0 ? `suggestion${chosen}` : undefined}
      aria-invalid=${meaning.value ? undefined : "true"} value=${draft.value}
      onInput=${(/** @type {Event} */ event) => event.target instanceof HTMLInputElement && typed(event.target.value)}
      onFocus=${() => {
        setOpen(true);
        suggest();
      }} onKeyDown=${keyed} />
    ${isLoading.value && html`<span class="busy" aria-hidden="true"></span>`}
    ${draft.value && html`<button type="button" class="round small" aria-label="Clear the search" onClick=${() => {
      submit("");
      input.current?.focus();
    }}><${Icon} name="close" /></button>`}
    <ul id="suggestions" role="listbox" aria-label="Suggestions" hidden=${!isListed}>
      ${items.map((item, i) => html`<li key=${item.kind + item.text} id=${`suggestion${i}`} role="option"
        aria-selected=${i === chosen ? "true" : "false"}
        onMouseDown=${(/** @type {MouseEvent} */ event) => event.preventDefault()} onClick=${() => take(item)}>
        <${Icon} name=${iconOf(item.kind)} /><span class="words" title=${item.text}>${item.kind === "folder" ? endOf(item.text) : item.text}</span>
        <small>${item.about ?? (item.kind === "search" ? "searched before" : item.kind)}</small>
      </li>`)}
    </ul>
  </form>`;
}

/** The last two parts of a folder: long paths begin alike. @param {string} path */
function endOf(path) {
  const parts = path.split("/").filter(Boolean);
  return parts.length > 2 ? `… / ${parts.slice(-2).join(" / ")}` : path;
}

/** @param {string} kind */
function iconOf(kind) {
  return { label: "tag", search: "time", folder: "library", camera: "camera", lens: "camera", place: "place", keyword: "tag" }[kind] ?? "search";
}

/** What the text means, as chips: terms with their weights, and filters. And how many photos there are. */
export function ChipBar() {
  const { q, sort, view, model } = route.value;
  if (view !== "photos") return null;
  const query = meaning.value;
  const all = photos.value;
  if (!draft.value.trim() && !q && !model) return null;
  const isSaved = savedSearches.value.some((each) => each.query === q);
  return html`<div class="chips">
    <div class="list" role="group" aria-label="What is searched for">
      ${query?.terms.map((term, i) => html`<${TermChip} key=${`term${i}`} term=${term} index=${i} isWeighed=${query.terms.length > 1} />`)}
      ${query?.filters.map((filter, i) => html`<${FilterChip} key=${`filter${i}`} filter=${filter} index=${i} />`)}
      ${model && html`<span class="chip filter"><span class="name only"><b>model</b> ${model.split("/").pop()}</span>
        <button type="button" class="remove" aria-label=${`Search with the model that answers, not ${model}`} onClick=${() => go({ model: "" })}><${Icon} name="close" /></button></span>`}
      ${!query && html`<span class="hint">Go on typing: this is no whole query yet.</span>`}
    </div>
    <div class="answer">${all && html`<p class="found" role="status">${foundText(all)}</p>`}
    ${query && q && !failure.value && html`<button type="button" class="round small save" aria-pressed=${isSaved ? "true" : "false"} aria-label="Save this search" title=${isSaved ? "Saved: in Albums" : "Save this search (b)"}
      onClick=${() => toggleSaved(q)}><${Icon} name="bookmark" filled=${isSaved} /></button>`}
    ${all?.scores && html`<div class="segments" role="group" aria-label="Order">
      <button type="button" aria-pressed=${sort === "date" ? "false" : "true"} onClick=${() => go({ sort: "" }, { replace: true })}>Best</button>
      <button type="button" aria-pressed=${sort === "date" ? "true" : "false"} onClick=${() => go({ sort: "date" }, { replace: true })}>Newest</button>
    </div>`}</div>
  </div>`;
}

/** @param {import("../state.js").Photos} all */
function foundText({ count, standing, scores, days }) {
  const found = photosText(count);
  if (!scores || days || standing < 0) return found;
  return standing === 0 ? `Nothing stands out of ${found}` : `${standing.toLocaleString()} of ${found} stand out`;
}

/** @param {import("./query.js").Query} query */
function apply(query) {
  searchFor(formatQuery(query));
}

/** @param {{ term: import("./query.js").Term, index: number, isWeighed: boolean }} properties */
function TermChip({ term, index, isWeighed }) {
  const query = meaning.value;
  if (!query) return null;
  const name = termName(term);
  const most = Math.max(2, Math.abs(term.weight));
  const withWeight = (/** @type {number} */ weight) => ({
    ...query,
    terms: query.terms.map((each, i) => (i === index ? { ...each, weight } : each)),
  });
  const moved = (/** @type {Event} */ event) => {
    if (!(event.target instanceof HTMLInputElement)) return;
    // A term of no weight cannot be written; it would be left out.
    const weight = Number(event.target.value) || 0.05;
    const next = withWeight(weight);
    draft.value = formatQuery(next);
    weigh(next.terms.map((each) => each.weight));
  };
  const settled = () => {
    const now = photos.peek();
    const text = draft.peek().trim();
    // The photos are ranked by these weights already, so the address alone changes.
    if (now && weights.peek()) photos.value = { ...now, query: text };
    go({ q: text }, { replace: true });
  };
  const canMove = isWeighed && terms.value !== null && terms.value.columns.length === query.terms.length;
  return html`<span class=${`chip term${term.weight < 0 ? " minus" : ""}`}>
    <button type="button" class="sign" aria-label=${term.weight < 0 ? `Add ${name} instead of taking it away` : `Take ${name} away instead of adding it`}
      onClick=${() => apply(withWeight(-term.weight))}>${term.weight < 0 ? "−" : "+"}</button>
    <span class="name">${name}</span>
    ${isWeighed && html`<input type="range" min=${-most} max=${most} step="0.05" value=${term.weight} disabled=${!canMove}
        aria-label=${`Weight of ${name}`} aria-valuetext=${weightText(term.weight)} onInput=${moved} onChange=${settled} />
      <output>${weightText(term.weight)}</output>`}
    <button type="button" class="remove" aria-label=${`Remove ${name}`} onClick=${() =>
      apply({ ...query, terms: query.terms.filter((_, i) => i !== index) })}><${Icon} name="close" /></button>
  </span>`;
}

/** @param {number} weight */
function weightText(weight) {
  return `${weight < 0 ? "−" : ""}${Math.abs(weight).toFixed(2).replace(/\.?0+$/, "")}`;
}

/** @param {{ filter: import("./query.js").Filter, index: number }} properties */
function FilterChip({ filter, index }) {
  const query = meaning.value;
  if (!query) return null;
  const text = formatFilter({ ...filter, negated: false });
  const turned = () =>
    apply({ ...query, filters: query.filters.map((each, i) => (i === index ? { ...each, negated: !each.negated } : each)) });
  return html`<span class=${`chip filter${filter.negated ? " minus" : ""}`}>
    <button type="button" class="sign" onClick=${turned}
      aria-label=${filter.negated ? `Only photos with ${text}` : `Only photos without ${text}`}>${filter.negated ? "not" : "is"}</button>
    <span class="name"><b>${filter.name}</b> ${valuesText(filter)}</span>
    <button type="button" class="remove" aria-label=${`Remove ${text}`} onClick=${() =>
      apply({ ...query, filters: query.filters.filter((_, i) => i !== index) })}><${Icon} name="close" /></button>
  </span>`;
}
