/**
 * The grid: all photos of a query in one scroll, of which only those in view are in the document.
 *
 * Browsers limit the height of a box, so a library may be taller than the scrolled box. `base` is the height of the
 * library at which the box begins; it moves when the scroll comes near an end of the box that is no end of the library.
 */

import { media } from "../data/api.js";
import { dayName, monthName, wholeDate } from "../data/dates.js";
import { alternative, fetchDetails, recall } from "./details.js";
import { MONTH, NOISE, above, layoutGrid, placeRow, rowAt, rowOf } from "./layout.js";

/** Height of the box, below the limits of all browsers. */
const TALLEST_BOX = 8_000_000;
/** Pictures in the document. */
const MOST_IMAGES = 190;
/** Screens a second from which a scroll is too fast to load pictures. */
const FAST = 6;
const SETTLED_MS = 90;
/** A touch of this length selects, unless the finger moves further than that. */
const LONG_MS = 450;
const STILL = 10;

/**
 * @typedef {{ count: number, aspects: Uint8Array, days: Int32Array | null, allDays: Int32Array,
 *             order: Uint32Array | null, standing: number, scores: Float32Array | null }} Shown
 * @typedef {{ idAt: (i: number) => number, href: (i: number) => string, isSelected: (id: number) => boolean,
 *             onOpen: (i: number) => void, onToggle: (i: number, range: boolean) => void,
 *             onSelectDays: (from: number, until: number) => void, isSelecting: () => boolean,
 *             onScroll: () => void }} Hooks
 * @typedef {ReturnType<typeof placeRow>[number]} Place
 * @typedef {{ root: HTMLElement, link: HTMLAnchorElement, image: HTMLImageElement, check: HTMLButtonElement,
 *             index: number, id: number, day: HTMLElement | null, score: HTMLElement | null }} Cell
 */

export class Grid {
  /** @param {HTMLElement} scroller @param {Hooks} hooks */
  constructor(scroller, hooks) {
    this.scroller = scroller;
    this.hooks = hooks;
    this.space = document.createElement("div");
    this.space.className = "space";
    scroller.replaceChildren(this.space);
    /** @type {import("./layout.js").Layout | null} */
    this.layout = null;
    /** @type {Shown | null} */
    this.shown = null;
    this.base = 0;
    /** @type {Map<number, Cell>} */
    this.cells = new Map();
    /** @type {Map<string, HTMLElement>} */
    this.headings = new Map();
    this.focused = 0;
    this.lastTop = 0;
    this.lastTime = 0;
    this.viewHeight = scroller.clientHeight;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.settling = undefined;
    /** @type {AbortController | undefined} */
    this.asking = undefined;
    /** Cells of the orders before, by their photos, while others are painted. @type {Map<number, Cell>} */
    this.spare = new Map();
    this.isBrief = false;
    scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    /** @type {{ timer: ReturnType<typeof setTimeout>, x: number, y: number } | null} */
    this.touch = null;
    this.wasLong = false;
    this.space.addEventListener("pointerdown", (event) => this.touched(event));
    this.space.addEventListener("pointermove", (event) => {
      if (this.touch && Math.hypot(event.clientX - this.touch.x, event.clientY - this.touch.y) > STILL) this.letGo();
    });
    for (const kind of ["pointerup", "pointercancel"]) this.space.addEventListener(kind, () => this.letGo());
    this.space.addEventListener("contextmenu", (event) => {
      // A long touch selects; a browser would offer to save the link.
      if (this.wasLong || this.touch) event.preventDefault();
    });
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(scroller);
  }

  /** Height of the library above the view. */
  get top() {
    return this.base + this.scroller.scrollTop;
  }

  /** The greatest value of `top`. */
  get lowest() {
    return Math.max(0, this.height - this.viewHeight);
  }

  /** Height of everything, with the room below the last row. */
  get height() {
    return (this.layout?.height ?? 0) + 24;
  }

  /** Sizes for the width of the window. @returns {import("./layout.js").Sizes} */
  sizes() {
    const width = Math.max(80, this.space.clientWidth);
    const isSmall = width < 640;
    const target = Math.round(Math.min(280, Math.max(104, isSmall ? width / 3.4 : 120 + width / 12)));
    return {
      width, target, gap: isSmall ? 3 : 5, dayGap: isSmall ? 10 : 18, month: isSmall ? 48 : 62, day: 27, noise: 84,
    };
  }

  /**
   * Shows photos: from the top, or at the same height if *keeps*. With *isBrief* another order may follow in a moment,
   * so only the photos in view are put into the document until nothing has followed.
   * @param {Shown} shown @param {{ keeps?: boolean, isBrief?: boolean }} [options]
   */
  show(shown, { keeps = false, isBrief = false } = {}) {
    this.shown = shown;
    this.isBrief = isBrief;
    const top = keeps ? this.top : 0;
    if (!keeps) this.focused = 0;
    this.relayout();
    // Photos that stay in view keep their elements, and so their pictures.
    for (const cell of this.cells.values()) this.spare.set(cell.id, cell);
    this.cells.clear();
    this.clear();
    this.scrollTo(top);
    // Others may come back while the weight moves on, or rests.
    for (const cell of this.spare.values()) cell.root.remove();
    for (const id of this.spare.keys()) {
      if (this.spare.size <= (isBrief ? MOST_IMAGES : 0)) break;
      this.spare.delete(id);
    }
  }

  relayout() {
    if (!this.shown) return;
    const { count, aspects, days, order, standing } = this.shown;
    performance.mark("layout-begins");
    this.layout = layoutGrid({ count, aspects, days, order, noiseAt: standing }, this.sizes());
    performance.measure("layout", "layout-begins");
    this.space.style.height = `${Math.min(this.height, TALLEST_BOX)}px`;
  }

  resized() {
    this.viewHeight = this.scroller.clientHeight;
    if (!this.layout || !this.shown) return;
    if (this.sizes().width === this.layout.sizes.width) {
      this.paint();
      return;
    }
    const first = this.firstInView();
    const offset = this.top - this.layout.top[rowOf(this.layout, first)];
    this.relayout();
    this.clear();
    const row = rowOf(this.layout, first);
    this.scrollTo(Math.max(0, this.layout.top[row] + Math.min(offset, this.layout.top[row + 1] - this.layout.top[row])));
  }

  /** Number of the first photo in view. */
  firstInView() {
    if (!this.layout || !this.layout.rows) return 0;
    return this.layout.first[rowAt(this.layout, this.top + 1)];
  }

  /** Scrolls so that the height *y* of the library is at the top of the view. @param {number} y */
  scrollTo(y) {
    const top = Math.max(0, Math.min(this.lowest, Math.round(y)));
    this.place(top);
    this.paint();
    this.hooks.onScroll();
  }

  /** Sets `base` and the scroll for a height of the library. @param {number} top */
  place(top) {
    const box = Math.min(this.height, TALLEST_BOX);
    const greatest = this.height - box;
    const base = Math.round(Math.max(0, Math.min(greatest, top - box / 2)));
    if (base !== this.base) {
      this.base = base;
      for (const each of this.cells.values()) this.moveCell(each);
      for (const each of this.headings.values()) each.style.top = `${Number(each.dataset.y) - base}px`;
    }
    this.scroller.scrollTop = top - base;
    this.lastTop = this.top;
  }

  scrolled() {
    this.isBrief &&= this.top === this.lastTop;
    const box = Math.min(this.height, TALLEST_BOX);
    const at = this.scroller.scrollTop;
    const margin = 3 * this.viewHeight;
    const isNearStart = at < margin && this.base > 0;
    const isNearEnd = at > box - this.viewHeight - margin && this.base < this.height - box;
    if (isNearStart || isNearEnd) this.place(this.top);
    this.paint();
    this.hooks.onScroll();
  }

  /** Puts the photos around the view into the document, and takes all others out. */
  paint() {
    const { layout, shown } = this;
    if (!layout || !shown) return;
    const now = performance.now();
    const speed = Math.abs(this.top - this.lastTop) / this.viewHeight / Math.max(0.008, (now - this.lastTime) / 1000);
    const isFast = speed > FAST && Math.abs(this.top - this.lastTop) > this.viewHeight / 2;
    this.lastTop = this.top;
    this.lastTime = now;

    const [from, to] = this.rowsToPaint(layout);
    const needed = new Set();
    const neededHeadings = new Set();
    for (let row = from; row <= to; row++) {
      if (layout.kind[row]) this.paintHeadings(layout, row, neededHeadings);
      if (this.rowIsPainted(layout, row, needed)) continue;
      for (const place of placeRow(layout, row)) {
        needed.add(place.index);
        this.cells.set(place.index, this.makeCell(place, isFast));
      }
    }
    for (const [index, cell] of this.cells) {
      // A cell that has the focus stays, so that the keyboard does not lose its place.
      if (needed.has(index) || cell.root.contains(document.activeElement)) continue;
      this.removeCell(index, cell);
    }
    for (const [key, element] of this.headings) {
      if (neededHeadings.has(key)) continue;
      element.remove();
      this.headings.delete(key);
    }
    this.setRovingFocus();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settled(), SETTLED_MS);
  }

  /** Numbers of the first and the last row to paint: those in view, and as many around as images allow. */
  rowsToPaint(/** @type {import("./layout.js").Layout} */ layout) {
    if (!layout.rows) return [0, -1];
    let from = rowAt(layout, this.top);
    let to = rowAt(layout, this.top + this.viewHeight);
    if (this.isBrief) return [from, to];
    const images = () => layout.first[to + 1] - layout.first[from];
    const highest = this.top - this.viewHeight;
    const deepest = this.top + 2 * this.viewHeight;
    for (;;) {
      const canDown = to + 1 < layout.rows && layout.top[to + 1] < deepest;
      if (canDown && images() + layout.first[to + 2] - layout.first[to + 1] <= MOST_IMAGES) to++;
      const canUp = from > 0 && layout.top[from] > highest;
      if (canUp && images() + layout.first[from] - layout.first[from - 1] <= MOST_IMAGES) from--;
      else if (!canDown || images() + layout.first[to + 1] - layout.first[to] > MOST_IMAGES) break;
    }
    return [from, to];
  }

  /** Whether a row is in the document; then its photos are added to *needed*. */
  rowIsPainted(/** @type {import("./layout.js").Layout} */ layout, /** @type {number} */ row, /** @type {Set<number>} */ needed) {
    const first = layout.first[row];
    const until = layout.first[row + 1];
    for (let i = first; i < until; i++) if (!this.cells.has(i)) return false;
    for (let i = first; i < until; i++) needed.add(i);
    return true;
  }

  /** @param {Place} place @param {boolean} isFast @returns {Cell} */
  makeCell(place, isFast) {
    const { index } = place;
    const old = this.cells.get(index);
    if (old) return old;
    const id = this.hooks.idAt(index);
    const spare = this.spare.get(id);
    if (spare) {
      this.spare.delete(id);
      this.putCell(spare, place);
      if (!spare.root.isConnected) this.space.append(spare.root);
      return spare;
    }
    const root = document.createElement("div");
    root.className = "cell";
    const link = document.createElement("a");
    link.tabIndex = -1;
    const image = document.createElement("img");
    image.decoding = "async";
    image.draggable = false;
    const details = recall(id);
    image.alt = details ? alternative(details) : this.shortAlternative(index);
    image.addEventListener("load", () => root.classList.add("loaded"), { once: true });
    image.addEventListener("error", () => root.classList.add("broken"));
    const check = document.createElement("button");
    check.type = "button";
    check.className = "check";
    check.tabIndex = -1;
    link.append(image);
    root.append(link, check);
    /** @type {Cell} */
    const cell = { root, link, image, check, index, id, day: null, score: null };
    root.dataset.id = String(id);
    this.putCell(cell, place);
    if (!isFast) this.loadCell(cell);
    link.addEventListener("click", (event) => this.clicked(event, cell.index));
    check.addEventListener("click", (event) => this.hooks.onToggle(cell.index, event.shiftKey));
    this.space.append(root);
    return cell;
  }

  /** Puts a cell at its place in the order. @param {Cell} cell @param {Place} place */
  putCell(cell, place) {
    const { root } = cell;
    if (cell.index !== place.index && this.focused === cell.index && root.contains(document.activeElement)) this.focused = place.index;
    cell.index = place.index;
    cell.link.href = this.hooks.href(place.index);
    root.style.left = `${place.left}px`;
    root.style.width = `${place.width}px`;
    root.style.height = `${place.height}px`;
    root.dataset.y = String(place.top);
    root.dataset.index = String(place.index);
    this.moveCell(cell);
    cell.day?.remove();
    cell.day = null;
    if (place.startsDay && this.shown?.days) this.addDay(cell, place);
    this.showScore(cell);
    this.markCell(cell);
  }

  /** @param {Cell} cell @param {Place} place */
  addDay(cell, place) {
    const days = this.shown?.days;
    if (!days) return;
    const day = days[this.placeOf(cell.index)];
    if (day < -700_000) return;
    const name = document.createElement("div");
    name.className = "day";
    name.textContent = dayName(day);
    name.style.width = `${place.dayWidth}px`;
    cell.day = name;
    cell.root.append(name);
  }

  /** @param {Cell} cell */
  showScore(cell) {
    const score = this.shown?.scores?.[this.placeOf(cell.index)] ?? -2;
    if (score < -1) {
      cell.score?.remove();
      cell.score = null;
      return;
    }
    if (!cell.score) {
      cell.score = document.createElement("span");
      cell.score.className = "score";
      cell.root.append(cell.score);
    }
    cell.score.textContent = score.toFixed(3);
  }

  /** @param {number} i */
  placeOf(i) {
    return this.shown?.order ? this.shown.order[i] : i;
  }

  /** Text about a photo before its details are known. @param {number} index */
  shortAlternative(index) {
    const day = this.shown?.allDays[this.placeOf(index)];
    return day === undefined ? "Photo" : `Photo, ${wholeDate(day)}`;
  }

  /** Begins to wait for a long touch. @param {PointerEvent} event */
  touched(event) {
    this.wasLong = false;
    this.letGo();
    const cell = event.target instanceof Element ? event.target.closest(".cell") : null;
    if (event.pointerType !== "touch" || !(cell instanceof HTMLElement)) return;
    const timer = setTimeout(() => {
      this.letGo();
      this.wasLong = true;
      this.hooks.onToggle(Number(cell.dataset.index), false);
    }, LONG_MS);
    this.touch = { timer, x: event.clientX, y: event.clientY };
  }

  letGo() {
    if (this.touch) clearTimeout(this.touch.timer);
    this.touch = null;
  }

  /** @param {MouseEvent} event @param {number} index */
  clicked(event, index) {
    if (this.wasLong) {
      this.wasLong = false;
      event.preventDefault();
      return;
    }
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    this.focused = index;
    if (event.shiftKey || this.hooks.isSelecting()) this.hooks.onToggle(index, event.shiftKey);
    else this.hooks.onOpen(index);
  }

  /** @param {Cell} cell */
  loadCell(cell) {
    if (!cell.image.src) cell.image.src = media(cell.id, "320.webp");
  }

  /** Loads pictures again that could not be loaded. */
  retry() {
    for (const { root, image } of this.cells.values()) {
      if (!root.classList.contains("broken")) continue;
      root.classList.remove("broken");
      image.src = image.src;
    }
  }

  /** @param {Cell} cell */
  moveCell(cell) {
    cell.root.style.top = `${Number(cell.root.dataset.y) - this.base}px`;
  }

  /** Shows whether a cell's photo is selected. @param {Cell} cell */
  markCell(cell) {
    const isSelected = this.hooks.isSelected(cell.id);
    cell.root.classList.toggle("selected", isSelected);
    cell.check.setAttribute("aria-pressed", String(isSelected));
    cell.check.setAttribute("aria-label", `Select photo ${cell.index + 1}`);
  }

  /** Shows the selection, after it changed. */
  markAll() {
    for (const cell of this.cells.values()) this.markCell(cell);
  }

  /** @param {number} index @param {Cell} cell */
  removeCell(index, cell) {
    cell.image.removeAttribute("src");
    cell.root.remove();
    this.cells.delete(index);
  }

  clear() {
    for (const [index, cell] of this.cells) this.removeCell(index, cell);
    for (const each of this.headings.values()) each.remove();
    this.headings.clear();
  }

  /** @param {import("./layout.js").Layout} layout @param {number} row @param {Set<string>} needed */
  paintHeadings(layout, row, needed) {
    const kind = layout.kind[row];
    const y = layout.top[row];
    if (kind & MONTH) {
      const at = layout.sections.findIndex((each) => each.row === row);
      const until = layout.sections[at + 1]?.first ?? layout.photos.count;
      this.heading(`month${row}`, y, needed, () => this.sectionHeading(layout.sections[at], until));
    }
    if (kind & NOISE) {
      this.heading(`noise${row}`, y, needed, () => this.noiseLine(layout.first[row]));
    }
  }

  /** @param {string} key @param {number} y @param {Set<string>} needed @param {() => HTMLElement} make */
  heading(key, y, needed, make) {
    needed.add(key);
    if (this.headings.has(key)) return;
    const element = make();
    element.dataset.y = String(y);
    element.style.top = `${y - this.base}px`;
    this.headings.set(key, element);
    this.space.append(element);
  }

  /** @param {import("./layout.js").Section} section @param {number} until */
  sectionHeading({ month, last, first }, until) {
    const element = document.createElement("h2");
    element.className = "month";
    const name = month < 0 ? "No date" : monthName(last, month);
    element.append(name);
    const count = document.createElement("span");
    count.textContent = (until - first).toLocaleString();
    const all = document.createElement("button");
    all.type = "button";
    all.className = "quiet";
    all.tabIndex = -1;
    all.textContent = "Select all";
    all.setAttribute("aria-label", `Select all of ${name}`);
    all.addEventListener("click", () => this.hooks.onSelectDays(first, until));
    element.append(count, all);
    return element;
  }

  /** @param {number} first */
  noiseLine(first) {
    const element = document.createElement("div");
    element.className = "noise";
    const said = document.createElement("p");
    said.textContent = first === 0 ? "Nothing here really matches" : "From here on, no better than chance";
    const more = document.createElement("p");
    more.textContent =
      first === 0
        ? "The best photos score no higher than unrelated ones do. They follow all the same."
        : "Unrelated photos reach these scores in a library of this size.";
    element.append(said, more);
    return element;
  }

  /** Loads what a fast scroll left out, and the texts for those who do not see the pictures. */
  settled() {
    if (this.isBrief) {
      this.isBrief = false;
      this.paint();
      this.spare.clear();
    }
    for (const cell of this.cells.values()) this.loadCell(cell);
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const ids = [...this.cells.values()].map((each) => each.id);
    fetchDetails(ids, signal).then(
      () => {
        for (const cell of this.cells.values()) {
          const details = recall(cell.id);
          if (details) cell.image.alt = alternative(details);
        }
      },
      () => {
        // The next scroll asks again; until then the texts have the date alone.
      },
    );
  }

  /** One cell can be reached by the tab key; arrows lead to the others. */
  setRovingFocus() {
    if (!this.cells.has(this.focused)) this.focused = this.firstInView();
    for (const [index, cell] of this.cells) cell.link.tabIndex = index === this.focused ? 0 : -1;
  }

  /** Scrolls as little as shows a photo, below the headings above it. @param {number} index */
  reveal(index) {
    if (!this.layout) return;
    const row = rowOf(this.layout, index);
    const low = this.layout.top[row + 1];
    const high = this.layout.top[row];
    if (high < this.top) this.scrollTo(high - 8);
    else if (low > this.top + this.viewHeight) this.scrollTo(low - this.viewHeight + 8);
  }

  /** Brings a photo into view, its row in the middle. @param {number} index */
  center(index) {
    if (!this.layout) return;
    const row = rowOf(this.layout, index);
    const head = above(this.layout.kind[row], this.layout.sizes);
    const middle = (this.layout.top[row] + head + this.layout.top[row + 1]) / 2;
    this.scrollTo(middle - this.viewHeight / 2);
  }

  /** Moves the focus to a photo. @param {number} index */
  focus(index) {
    const count = this.shown?.count ?? 0;
    if (!count) return;
    this.focused = Math.max(0, Math.min(count - 1, index));
    this.reveal(this.focused);
    this.paint();
    this.cells.get(this.focused)?.link.focus({ preventScroll: true });
  }

  /** Number of the photo above or below the focused one. @param {1 | -1} step */
  vertical(step) {
    const { layout } = this;
    if (!layout) return this.focused;
    const row = rowOf(layout, this.focused);
    const goal = row + step;
    if (goal < 0 || goal >= layout.rows) return this.focused;
    const own = placeRow(layout, row).find((each) => each.index === this.focused);
    const x = own ? own.left + own.width / 2 : 0;
    const distance = (/** @type {{ left: number, width: number }} */ each) => Math.abs(each.left + each.width / 2 - x);
    return placeRow(layout, goal).reduce((best, each) => (distance(each) < distance(best) ? each : best)).index;
  }

  /** Whether the grid is at its very top. */
  get isAtTop() {
    return this.top < 4;
  }

  destroy() {
    this.observer.disconnect();
    clearTimeout(this.settling);
    this.letGo();
    this.asking?.abort();
    this.clear();
  }
}


