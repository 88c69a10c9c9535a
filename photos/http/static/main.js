/** The gallery: the frame around all views, and its start. */

import { get } from "./data/api.js";
import { Icon } from "./icons.js";
import { ChipBar, SearchBar } from "./search/bar.js";
import { attempt, failure, go, isLoading, load, photos, returns, route, status } from "./state.js";
import { cycleTheme, theme } from "./theme.js";
import { effect, html, render, signal, useEffect, useState } from "./vendor/preact.js";
import { PhotosView } from "./views/photos.js";

/**
 * @typedef {{ name: string, title: string, icon: "photos" | "labels" | "duplicates" | "albums" | "library",
 *             load?: () => Promise<{ View: unknown }> }} Entry
 */

/** The views, in the order of the rail. All but the photos are loaded when they are shown. @type {Entry[]} */
const VIEWS = [
  { name: "photos", title: "Photos", icon: "photos" },
  { name: "albums", title: "Albums", icon: "albums", load: () => import("./views/albums.js") },
  { name: "labels", title: "Labels", icon: "labels", load: () => import("./bench/labels.js") },
  { name: "duplicates", title: "Duplicates", icon: "duplicates", load: () => import("./views/duplicates.js") },
  { name: "library", title: "Library", icon: "library", load: () => import("./views/library.js") },
];

/**
 * Keys, selection and events, which the first pictures need not wait for.
 * @type {import("./vendor/preact.js").Signal<typeof import("./later.js") | null>}
 */
const later = signal(/** @type {any} */ (null));

function App() {
  const { view, photo } = route.value;
  return html`
    <a class="skip" href="#content">Skip to the photos</a>
    <header class="top">
      <a class="logo" href="/" aria-label="All photos" onClick=${link({ view: "photos", q: "", sort: "", photo: null, label: "", model: "" })}>
        <img src="/static/favicon.svg" alt="" width="30" height="30" /><span>photos</span>
      </a>
      <${SearchBar} />
      <div class="tools">
        <button type="button" class="round" onClick=${cycleTheme} aria-label=${`Colours: ${theme.value}`} title=${`Colours: ${theme.value}`}><${Icon} name="theme" /></button>
        <button type="button" class="round keyboard" onClick=${() => later.value?.showHelp()} aria-label="Keys" title="Keys (?)"><${Icon} name="keyboard" /></button>
      </div>
    </header>
    <${Rail} />
    <main id="content" tabindex="-1">
      <${ChipBar} />
      ${view === "photos" ? html`<${PhotosView} />` : html`<${Lazy} view=${view} />`}
      ${later.value && html`<${later.value.SelectionBar} />`}
    </main>
    ${photo !== null && html`<${LazyViewer} />`}
    ${later.value && html`<${later.value.HelpDialog} />`}
    <${LazyNaming} />
    ${later.value && photo === null && html`<${later.value.Notice} />`}
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

/** Style sheets that were asked for. @type {Map<string, Promise<void>>} */
const styles = new Map();

/** Loads a style sheet once, and waits for it. @param {string} path */
function loadStyle(path) {
  const known = styles.get(path);
  if (known) return known;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = `/static/${path}`;
  /** @type {Promise<void>} */
  const loaded = new Promise((resolve) => {
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => resolve());
  });
  document.head.append(link);
  styles.set(path, loaded);
  return loaded;
}

const naming = signal(/** @type {{ NamingDialog: unknown } | null} */ (null));

/** The dialog for a search's name, loaded with the first search: it must be there when its key is pressed. */
function LazyNaming() {
  const isSearch = route.value.q !== "";
  useEffect(() => {
    if (isSearch) import("./search/naming.js").then((module) => (naming.value = module), isAway);
  }, [isSearch, returns.value]);
  return naming.value && html`<${naming.value.NamingDialog} />`;
}

const viewer = signal(/** @type {{ Viewer: unknown } | null} */ (null));

/** Loads the viewer, which the first picture of the grid does not need. */
async function loadViewer() {
  await Promise.all([import("./viewer/viewer.js"), loadStyle("viewer/viewer.css")]).then(([module]) => (viewer.value = module), isAway);
}

/** For modules that cannot be loaded now: they are asked for again when the program is back, which is said elsewhere. */
function isAway() {}

function LazyViewer() {
  useEffect(() => {
    loadViewer();
  }, [returns.value]);
  return viewer.value && html`<${viewer.value.Viewer} />`;
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
    Promise.all([found.load(), loadStyle("views/views.css")]).then(([{ View }]) => setModule({ view, View }), isAway);
  }, [view, returns.value]);
  return module?.view === view ? html`<div class="page"><${module.View} /></div>` : null;
}

const root = document.getElementById("app");
if (root) {
  render(html`<${App} />`, root);
  let asked = "";
  effect(() => {
    const { view, q, sort, model } = route.value;
    const key = `${q}\n${sort}\n${model}`;
    const shown = photos.peek();
    if (view !== "photos" || key === asked) return;
    asked = key;
    // Weights that were moved are in the address, and the photos are ranked by them already.
    if (shown?.query !== q || shown.sort !== sort || shown.model !== model || isLoading.peek()) load();
  });
  effect(() => {
    const { view, q } = route.value;
    const title = view === "photos" ? q : VIEWS.find((each) => each.name === view)?.title;
    document.title = title ? `${title} · photos` : "photos";
  });
  const stop = effect(() => {
    if (!photos.value && !failure.value && route.value.view === "photos") return;
    queueMicrotask(() => stop());
    import("./later.js").then((module) => {
      later.value = module;
      module.installKeys();
      module.listen();
    });
  });
  // Who moves a pointer or takes a key may open a photo next.
  for (const kind of ["pointermove", "pointerdown", "keydown"]) addEventListener(kind, () => loadViewer(), { once: true });
  attempt(async () => (status.value = await get("status")));
}
