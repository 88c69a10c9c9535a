/** Zoom of a picture in a box: scale and shift, as numbers. */

/**
 * The picture is drawn at its fitted size, times `scale`, its centre shifted by `x` and `y` pixels from the box's.
 * @typedef {{ scale: number, x: number, y: number }} Zoom
 * @typedef {{ width: number, height: number }} Size
 */

/** @type {Readonly<Zoom>} */
export const FITTED = Object.freeze({ scale: 1, x: 0, y: 0 });
const LARGEST = 12;
/** The most that a tiny picture is enlarged to fit. */
const ENLARGED = 4;

/** Size of a picture that fits a box. @param {Size} picture @param {Size} box @returns {Size} */
export function fitted(picture, box) {
  const scale = Math.min(box.width / picture.width, box.height / picture.height, ENLARGED);
  return { width: picture.width * scale, height: picture.height * scale };
}

/**
 * Zooms by a factor, so that what lies at a point stays there. The point is counted from the box's centre.
 * @param {Zoom} zoom @param {number} factor @param {{ x: number, y: number }} point @param {Size} picture fitted size
 * @param {Size} box @returns {Zoom}
 */
export function zoomAt(zoom, factor, point, picture, box) {
  const scale = Math.max(1, Math.min(LARGEST, zoom.scale * factor));
  const real = scale / zoom.scale;
  return held({ scale, x: point.x - (point.x - zoom.x) * real, y: point.y - (point.y - zoom.y) * real }, picture, box);
}

/** Shifts a picture, but not out of the box. @param {Zoom} zoom @param {number} dx @param {number} dy @param {Size} picture @param {Size} box */
export function shifted(zoom, dx, dy, picture, box) {
  return held({ ...zoom, x: zoom.x + dx, y: zoom.y + dy }, picture, box);
}

/** @param {Zoom} zoom @param {Size} picture @param {Size} box @returns {Zoom} */
function held({ scale, x, y }, picture, box) {
  const wide = Math.max(0, (picture.width * scale - box.width) / 2);
  const high = Math.max(0, (picture.height * scale - box.height) / 2);
  return { scale, x: Math.max(-wide, Math.min(wide, x)), y: Math.max(-high, Math.min(high, y)) };
}
