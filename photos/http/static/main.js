/** The gallery: the frame around all views, and its start. */

import { get } from "./data/api.js";
import { listen } from "./events.js";
import { Icon } from "./icons.js";
import { HelpDialog, installKeys } from "./keys.js";
import { ChipBar, SearchBar } from "./search/bar.js";
import { SelectionBar } from "./selection.js";
import { attempt, go, isLoading, load, notice, photos, route, status } from "./state.js";
import { cycleTheme, theme } from "./theme.js";
import { effect, html, render, useEffect, useState } from "./vendor/preact.js";
import { Viewer } from "./viewer/viewer.js";
import { VIEWS } from "./views/list.js";
import { PhotosView } from "./views/photos.js";

function App() {
  const { view, photo } = route.value;
  return html`
    <a class="skip" href="#content">Skip to the photos</a>
    <header class="top">
      <a class="logo" href="/" aria-label="All photos" onClick=${link({ view: "photos", q: "", sort: "", photo: null, label: "" })}>
        <img src="/static/favicon.svg" alt="" width="30" height="30" /><span>photos</span>
      </a>
      <${SearchBar} />
      <div class="tools">
        <button type="button" class="round" onClick=${cycleTheme} aria-label=${`Colours: ${theme.value}`} title=${`Colours: ${theme.value}`}><${Icon} name="theme" /></button>
        <button type="button" class="round keyboard" onClick=${() => (HelpDialog.open.value = true)} aria-label="Keys" title="Keys (?)"><${Icon} name="keyboard" /></button>
      </div>
    </header>
    <${Rail} />
    <main id="content" tabindex="-1">
      <${ChipBar} />
      ${view === "photos" ? html`<${PhotosView} />` : html`<${Lazy} view=${view} />`}
      <${SelectionBar} />
    </main>
    ${photo !== null && html`<${Viewer} />`}
    <${HelpDialog} />
    <${Notice} />
  `;
}

/** Handler of a link that goes to another part of the page. @param {Partial<import("./state.js").Route>} to */
function link(to) {
  return (/** @type {MouseEvent} */ event) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go(to);
  };
}

function Rail() {
  const { view } = route.value;
  return html`<nav class="rail" aria-label="Views">
    ${VIEWS.map(
      ({ name, title, icon }) => html`<a key=${name} href=${name === "photos" ? "/" : `/?view=${name}`}
        aria-current=${view === name ? "page" : undefined}
        onClick=${link({ view: name, photo: null, label: "", q: name === "photos" ? route.peek().q : "" })}>
        <${Icon} name=${icon} /><span>${title}</span></a>`,
    )}
  </nav>`;
}

/** A view whose module is loaded when it is shown. @param {{ view: string }} properties */
function Lazy({ view }) {
  const [module, setModule] = useState(/** @type {{ view: string, View: unknown } | null} */ (null));
  useEffect(() => {
    const found = VIEWS.find((each) => each.name === view);
    if (!found?.load) {
      go({ view: "photos" }, { replace: true });
      return;
    }
    found.load().then(({ View }) => setModule({ view, View }));
  }, [view]);
  return module?.view === view ? html`<div class="page"><${module.View} /></div>` : null;
}

function Notice() {
  const now = notice.value;
  return html`<div class="notice" role="status" aria-live="polite">
    ${now && html`<div><span>${now.text}</span>${now.action && html`<button type="button" onClick=${() => {
      now.action?.run();
      notice.value = null;
    }}>${now.action.label}</button>`}</div>`}
  </div>`;
}

const root = document.getElementById("app");
if (root) {
  render(html`<${App} />`, root);
  installKeys();
  let asked = "";
  effect(() => {
    const { view, q, sort } = route.value;
    const key = `${q}\n${sort}`;
    const shown = photos.peek();
    if (view !== "photos" || key === asked) return;
    asked = key;
    // Weights that were moved are in the address, and the photos are ranked by them already.
    if (shown?.query !== q || shown.sort !== sort || isLoading.peek()) load();
  });
  effect(() => {
    const { view, q } = route.value;
    const title = view === "photos" ? q : VIEWS.find((each) => each.name === view)?.title;
    document.title = title ? `${title} · photos` : "photos";
  });
  listen();
  attempt(async () => (status.value = await get("status")));
}
