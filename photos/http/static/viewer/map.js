/** A map of where a photo was taken, drawn from the land's outlines; nothing is asked of the network. */

import { html, useEffect, useRef } from "../vendor/preact.js";

/** @type {Promise<number[][]> | undefined} */
let outlines;

/** Rings of longitude and latitude in degrees, one after the other. */
async function land() {
  outlines ??= fetch("/static/vendor/land.json").then(async (response) =>
    /** @type {number[][]} */ (await response.json()).map((ring) => {
      let x = 0;
      let y = 0;
      return ring.map((step, i) => (i % 2 ? (y += step) : (x += step)) / 100);
    }),
  );
  return outlines;
}

/** Degrees of longitude from the left to the right edge. */
const WIDE = 64;

/** @param {{ latitude: number, longitude: number }} properties */
export function PlaceMap({ latitude, longitude }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  useEffect(() => {
    let isGone = false;
    land().then(
      (rings) => {
        if (!isGone && canvas.current) draw(canvas.current, rings, latitude, longitude);
      },
      // The program is away: the next photo's map asks again.
      () => (outlines = undefined),
    );
    return () => {
      isGone = true;
    };
  }, [latitude, longitude]);
  return html`<canvas class="map" ref=${canvas} role="img" aria-label=${`Map with the place ${degrees(latitude, "N", "S")}, ${degrees(longitude, "E", "W")}`}></canvas>`;
}

/** A coordinate as people write it. @param {number} value @param {string} positive @param {string} negative */
export function degrees(value, positive, negative) {
  return `${Math.abs(value).toFixed(3)}° ${value < 0 ? negative : positive}`;
}

/** @param {HTMLCanvasElement} canvas @param {number[][]} rings @param {number} latitude @param {number} longitude */
function draw(canvas, rings, latitude, longitude) {
  const context = canvas.getContext("2d");
  if (!context) return;
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  context.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const scale = width / WIDE;
  const squeeze = Math.max(0.35, Math.cos((latitude * Math.PI) / 180));
  const x = (/** @type {number} */ degree) => width / 2 + (degree - longitude) * scale;
  const y = (/** @type {number} */ degree) => height / 2 - ((degree - latitude) * scale) / squeeze;
  context.fillStyle = style.getPropertyValue("--land");
  context.strokeStyle = style.getPropertyValue("--shore");
  context.lineWidth = 0.8;
  // The land once more to the left and to the right, for places near the date line.
  for (const turn of [-360, 0, 360]) {
    for (const ring of rings) {
      context.beginPath();
      for (let i = 0; i < ring.length; i += 2) context.lineTo(x(ring[i] + turn), y(ring[i + 1]));
      context.closePath();
      context.fill();
      context.stroke();
    }
  }
  context.beginPath();
  context.arc(width / 2, height / 2, 9, 0, 2 * Math.PI);
  context.fillStyle = style.getPropertyValue("--halo");
  context.fill();
  context.beginPath();
  context.arc(width / 2, height / 2, 4.5, 0, 2 * Math.PI);
  context.fillStyle = style.getPropertyValue("--dot");
  context.fill();
}
