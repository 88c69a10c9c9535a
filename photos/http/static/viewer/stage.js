/** The large picture: loading, zoom by wheel, pinch, double click and keys, and swipes. */

import { media, send, sentenceOf } from "../data/api.js";
import { FITTED, fitted, shifted, zoomAt } from "./zoom.js";

/** Formats that browsers show themselves. */
const SHOWN = new Set(["JPEG", "PNG", "WEBP", "GIF", "AVIF"]);
/** Zoom from which the preview's pixels no longer do. */
const NEEDS_ORIGINAL = 1.6;
const SWIPE = 60;

/**
 * `onProblem` is called with a sentence where only the thumbnail can be shown, and with null where that is not so.
 * @typedef {{ onStep: (step: 1 | -1) => void, onClose: () => void, onZoom: (scale: number) => void,
 *             onProblem: (sentence: string | null) => void }} Hooks
 */

export class Stage {
  /** @param {HTMLElement} root @param {Hooks} hooks */
  constructor(root, hooks) {
    this.root = root;
    this.hooks = hooks;
    this.image = document.createElement("img");
    this.image.draggable = false;
    root.append(this.image);
    this.id = 0;
    this.zoom = FITTED;
    this.size = { width: 4, height: 3 };
    this.format = "";
    /** @type {Map<number, { x: number, y: number }>} */
    this.pointers = new Map();
    this.start = { x: 0, y: 0, distance: 0, moved: false };
    this.hasOriginal = false;
    root.addEventListener("wheel", (event) => this.wheeled(event), { passive: false });
    root.addEventListener("dblclick", (event) => this.doubled(event));
    root.addEventListener("pointerdown", (event) => this.pressed(event));
    root.addEventListener("pointermove", (event) => this.moved(event));
    root.addEventListener("pointerup", (event) => this.released(event));
    root.addEventListener("pointercancel", (event) => this.released(event));
    this.observer = new ResizeObserver(() => this.place());
    this.observer.observe(root);
  }

  get box() {
    return { width: this.root.clientWidth, height: this.root.clientHeight };
  }

  get fitted() {
    return fitted(this.size, this.box);
  }

  /**
   * Shows a photo: its thumbnail at once, then a picture as large as the screen.
   * @param {number} id @param {number} aspect @param {string} alt
   */
  show(id, aspect, alt) {
    this.id = id;
    this.zoom = FITTED;
    this.hasOriginal = false;
    this.format = "";
    this.size = { width: 1000 * aspect, height: 1000 };
    this.image.alt = alt;
    this.image.src = media(id, "320.webp");
    this.hooks.onProblem(null);
    this.place();
    const needed = Math.max(this.fitted.width, this.fitted.height) * Math.min(2, devicePixelRatio);
    this.replace(id, needed > 1600 ? "2048.jpg" : "1440.jpg");
  }

  /** Takes a larger picture once it is loaded. @param {number} id @param {"1440.jpg" | "2048.jpg" | "original"} size */
  replace(id, size) {
    const larger = new Image();
    larger.src = media(id, size);
    larger.decode().then(
      () => {
        if (this.id !== id) return;
        this.image.src = larger.src;
        this.root.dataset.shows = size;
        this.size = { width: larger.naturalWidth, height: larger.naturalHeight };
        this.place();
      },
      async () => {
        const problem = this.id === id ? await problemOf(larger.src) : null;
        if (this.id === id && problem) this.hooks.onProblem(problem);
      },
    );
  }

  /** Draws the picture at its zoom. */
  place() {
    const { width, height } = this.fitted;
    this.image.style.width = `${width}px`;
    this.image.style.height = `${height}px`;
    const { scale, x, y } = this.zoom;
    this.image.style.transform = `translate(-50%, -50%) translate(${x}px, ${y}px) scale(${scale})`;
    this.root.classList.toggle("zoomed", scale > 1);
    this.hooks.onZoom(scale);
    if (scale >= NEEDS_ORIGINAL && !this.hasOriginal) {
      this.hasOriginal = true;
      this.replace(this.id, SHOWN.has(this.format) ? "original" : "2048.jpg");
    }
  }

  /** @param {number} factor @param {{ x: number, y: number }} [point] */
  zoomBy(factor, point = { x: 0, y: 0 }) {
    this.zoom = zoomAt(this.zoom, factor, point, this.fitted, this.box);
    this.place();
  }

  /** Zooms in, or back to the whole picture. @param {{ x: number, y: number }} [point] */
  toggleZoom(point) {
    if (this.zoom.scale > 1) {
      this.zoom = FITTED;
      this.place();
    } else this.zoomBy(2.5, point);
  }

  /** Point of an event, from the centre of the box. @param {MouseEvent} event */
  point(event) {
    const box = this.root.getBoundingClientRect();
    return { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
  }

  /** @param {WheelEvent} event */
  wheeled(event) {
    event.preventDefault();
    this.zoomBy(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0022)), this.point(event));
  }

  /** @param {MouseEvent} event */
  doubled(event) {
    this.toggleZoom(this.point(event));
  }

  /** @param {PointerEvent} event */
  pressed(event) {
    if (event.button !== 0) return;
    this.root.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, this.point(event));
    const [one, other] = [...this.pointers.values()];
    this.start = { ...one, distance: other ? Math.hypot(one.x - other.x, one.y - other.y) : 0, moved: false };
  }

  /** @param {PointerEvent} event */
  moved(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    const now = this.point(event);
    this.pointers.set(event.pointerId, now);
    if (Math.hypot(now.x - this.start.x, now.y - this.start.y) > 6) this.start.moved = true;
    const [one, other] = [...this.pointers.values()];
    if (other) {
      const distance = Math.hypot(one.x - other.x, one.y - other.y);
      if (this.start.distance) this.zoomBy(distance / this.start.distance, { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 });
      this.start.distance = distance;
    } else if (this.zoom.scale > 1) {
      this.zoom = shifted(this.zoom, now.x - last.x, now.y - last.y, this.fitted, this.box);
      this.place();
    } else if (event.pointerType !== "mouse") {
      this.image.style.transform = `translate(-50%, -50%) translate(${now.x - this.start.x}px, ${Math.max(0, now.y - this.start.y)}px)`;
    }
  }

  /** @param {PointerEvent} event */
  released(event) {
    const last = this.pointers.get(event.pointerId);
    if (!last) return;
    this.pointers.delete(event.pointerId);
    if (this.zoom.scale > 1 || this.pointers.size) return;
    const dx = last.x - this.start.x;
    const dy = last.y - this.start.y;
    this.place();
    if (event.pointerType === "mouse" || event.type === "pointercancel") return;
    if (Math.abs(dx) > SWIPE && Math.abs(dx) > Math.abs(dy)) this.hooks.onStep(dx < 0 ? 1 : -1);
    else if (dy > 1.5 * SWIPE) this.hooks.onClose();
  }

  destroy() {
    this.observer.disconnect();
    this.id = -1;
    this.image.remove();
  }
}

/** Sentence about a picture or a file that cannot be had, or null. @param {string} url @returns {Promise<string | null>} */
export async function problemOf(url) {
  try {
    await send(url, { headers: { Range: "bytes=0-0" } });
    return null;
  } catch (error) {
    return sentenceOf(error);
  }
}
