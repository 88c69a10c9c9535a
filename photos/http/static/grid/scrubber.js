/** The scrubber: the whole library's height as a slider at the right edge, with years where they begin. */

import { shortMonthName } from "../data/dates.js";
import { rowAt, rowOf } from "./layout.js";

/** Pixels between two years' labels at least. */
const APART = 22;
/** Pixels kept free above and below. */
const PAD = 14;

export class Scrubber {
  /** @param {HTMLElement} root @param {import("./grid.js").Grid} grid */
  constructor(root, grid) {
    this.root = root;
    this.grid = grid;
    this.marks = document.createElement("div");
    this.marks.setAttribute("aria-hidden", "true");
    this.thumb = document.createElement("div");
    this.thumb.className = "thumb";
    this.bubble = document.createElement("span");
    this.bubble.className = "bubble";
    this.thumb.append(this.bubble);
    this.hover = document.createElement("div");
    this.hover.className = "hover";
    root.replaceChildren(this.marks, this.hover, this.thumb);
    root.tabIndex = 0;
    root.setAttribute("role", "slider");
    root.setAttribute("aria-label", "Position in the photos");
    root.setAttribute("aria-orientation", "vertical");
    root.setAttribute("aria-valuemin", "0");
    root.setAttribute("aria-valuemax", "100");
    root.addEventListener("pointerdown", (event) => this.pressed(event));
    root.addEventListener("pointermove", (event) => this.moved(event));
    root.addEventListener("pointerup", (event) => this.released(event));
    root.addEventListener("pointercancel", (event) => this.released(event));
    root.addEventListener("pointerleave", () => root.classList.remove("hovering"));
    root.addEventListener("keydown", (event) => this.keyed(event));
    this.isDragging = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.hiding = undefined;
    this.observer = new ResizeObserver(() => this.draw());
    this.observer.observe(root);
  }

  get length() {
    return Math.max(1, this.root.clientHeight - 2 * PAD);
  }

  /** Draws years and months for the grid's layout. */
  draw() {
    const { layout } = this.grid;
    const marks = [];
    this.root.hidden = !layout || layout.height <= this.grid.viewHeight * 1.5;
    if (layout) {
      let lastLabel = -Infinity;
      let lastTick = -Infinity;
      let lastYear = NaN;
      for (const { month, row } of layout.months) {
        const y = PAD + this.yOf(layout.top[row]);
        const year = month < 0 ? -1 : Math.floor(month / 12);
        if (year !== lastYear && y - lastLabel >= APART) {
          const label = document.createElement("span");
          label.className = "year";
          label.dataset.row = String(row);
          label.textContent = year < 0 ? "–" : String(year);
          label.style.top = `${y}px`;
          marks.push(label);
          lastLabel = lastTick = y;
        } else if (y - lastTick >= 7 && y - lastLabel >= 12) {
          const tick = document.createElement("i");
          tick.style.top = `${y}px`;
          marks.push(tick);
          lastTick = y;
        }
        lastYear = year;
      }
      const { standing } = this.grid.shown ?? { standing: -1 };
      if (!layout.months.length && standing > 0) {
        const band = document.createElement("b");
        const row = rowOf(layout, standing);
        band.style.top = `${PAD}px`;
        band.style.height = `${Math.max(4, this.yOf(layout.top[row]))}px`;
        marks.push(band);
      }
    }
    this.marks.replaceChildren(...marks);
    this.update();
  }

  /** Place on the slider of a height of the library. @param {number} top */
  yOf(top) {
    return (Math.min(top, this.grid.lowest) / Math.max(1, this.grid.lowest)) * this.length;
  }

  /** Moves the thumb to where the grid is. */
  update() {
    const { grid } = this;
    const part = grid.top / Math.max(1, grid.lowest);
    this.thumb.style.top = `${PAD + Math.max(0, Math.min(1, part)) * this.length}px`;
    const text = this.textAt(grid.top + 1);
    this.bubble.textContent = text;
    this.root.setAttribute("aria-valuenow", String(Math.round(Math.max(0, Math.min(1, part)) * 100)));
    this.root.setAttribute("aria-valuetext", text || `${Math.round(part * 100)} %`);
    this.root.classList.add("scrolling");
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => this.root.classList.remove("scrolling"), 1200);
  }

  /** The month at a height of the library, or the number of the photo in a ranking. @param {number} y */
  textAt(y) {
    const { layout } = this.grid;
    if (!layout || !layout.rows) return "";
    const at = this.monthAt(y);
    if (at >= 0) return layout.months[at].month < 0 ? "No date" : shortMonthName(layout.months[at].month);
    return `${(layout.first[rowAt(layout, y)] + 1).toLocaleString()}`;
  }

  /** Number of the month at a height of the library, or -1. @param {number} y */
  monthAt(y) {
    const { layout } = this.grid;
    return layout ? layout.months.findLastIndex((each) => layout.top[each.row] <= y) : -1;
  }

  /** Height of the library at a place of the pointer. @param {PointerEvent} event */
  topAt(event) {
    const y = event.clientY - this.root.getBoundingClientRect().top - PAD;
    return Math.max(0, Math.min(1, y / this.length)) * this.grid.lowest;
  }

  /** @param {PointerEvent} event */
  pressed(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.root.setPointerCapture(event.pointerId);
    this.root.focus({ preventScroll: true });
    this.isDragging = true;
    this.root.classList.add("dragging");
    const label = event.target instanceof HTMLElement ? event.target.dataset.row : undefined;
    this.grid.scrollTo(label && this.grid.layout ? this.grid.layout.top[Number(label)] : this.topAt(event));
  }

  /** @param {PointerEvent} event */
  moved(event) {
    if (this.isDragging) {
      this.grid.scrollTo(this.topAt(event));
      return;
    }
    if (event.pointerType !== "mouse") return;
    const top = this.topAt(event);
    this.root.classList.add("hovering");
    this.hover.style.top = `${PAD + this.yOf(top)}px`;
    this.hover.textContent = this.textAt(top);
  }

  /** @param {PointerEvent} event */
  released(event) {
    if (!this.isDragging) return;
    this.isDragging = false;
    this.root.classList.remove("dragging");
    this.root.releasePointerCapture(event.pointerId);
  }

  /** Arrows go a month further, the page keys a year. @param {KeyboardEvent} event */
  keyed(event) {
    const { grid } = this;
    const { layout } = grid;
    if (!layout || event.metaKey || event.ctrlKey || event.altKey) return;
    const at = this.monthAt(grid.top + 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 12, PageUp: -12 }[event.key];
    let top;
    if (event.key === "Home") top = 0;
    else if (event.key === "End") top = grid.lowest;
    else if (step === undefined) return;
    else if (at < 0) top = grid.top + Math.sign(step) * (Math.abs(step) > 1 ? 0.1 : 0.01) * grid.lowest;
    else top = layout.top[layout.months[Math.max(0, Math.min(layout.months.length - 1, this.monthFrom(at, step)))].row];
    event.preventDefault();
    event.stopPropagation();
    grid.scrollTo(top);
  }

  /** Number of the month that is *step* months of the calendar away. @param {number} at @param {number} step */
  monthFrom(at, step) {
    const months = this.grid.layout?.months ?? [];
    if (Math.abs(step) === 1) return at + step;
    const goal = months[at].month - step;
    const found = months.findIndex((each) => each.month <= goal);
    return step > 0 ? (found < 0 ? months.length - 1 : Math.max(found, at + 1)) : Math.min(Math.max(found, 0), at - 1);
  }

  destroy() {
    this.observer.disconnect();
    clearTimeout(this.hiding);
  }
}
