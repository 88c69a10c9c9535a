/** Justified layout of all photos of a strip, exact and at once: rows in typed arrays. */

import { monthOf } from "../data/dates.js";
import { ASPECTS, UNDATED } from "../data/strip.js";

/** Bits of a row's kind: what stands above its photos. */
export const MONTH = 1;
export const DAY = 2;
export const NOISE = 4;

/**
 * Sizes in CSS pixels. `dayGap` stands before a photo that begins a day within a row; `month`, `day` and `noise` are
 * the heights of headings above a row.
 * @typedef {{ width: number, target: number, gap: number, dayGap: number, month: number, day: number, noise: number }} Sizes
 *
 * `order` gives the place in the columns of each photo, if they are shown in another order. Headings are made if
 * `days` is there. At the photo number `noiseAt` a new row begins, under a line.
 * @typedef {{ count: number, aspects: Uint8Array, days?: Int32Array | null, order?: Uint32Array | null, noiseAt?: number }} Photos
 *
 * Row r has the photos `first[r]` to `first[r + 1] - 1`, and lies from `top[r]` to `top[r + 1]`, its headings and the
 * gap below it included. `months` are the months in order, with the row that each begins in; month -1 is undated.
 * `sections` are what has a heading: a month, or the months up to `last` of one year that have few photos each and share
 * rows.
 * @typedef {{ month: number, row: number, first: number }} Month
 * @typedef {Month & { last: number }} Section
 * @typedef {{ rows: number, first: Uint32Array, top: Float64Array, kind: Uint8Array, height: number,
 *             months: Month[], sections: Section[], sizes: Sizes, photos: Photos }} Layout
 */

/** The tallest row, in targets: of the last photos of a month, and of rows that one more photo would make low. */
const TALLEST = 1.4;
/** Rows below which a month shares its rows with its neighbours. */
const SMALL = 1.6;

/**
 * Lays out all photos.
 * @param {Photos} photos
 * @param {Sizes} sizes
 * @returns {Layout}
 */
export function layoutGrid(photos, sizes) {
  const { count, aspects, days = null, order = null, noiseAt = -1 } = photos;
  const { width, target, gap } = sizes;
  let room = 64 + Math.ceil(count / 3);
  let first = new Uint32Array(room + 1);
  let top = new Float64Array(room + 1);
  let kind = new Uint8Array(room);
  /** @type {Month[]} */
  const months = [];
  /** @type {Section[]} */
  const sections = [];
  let wasSmall = false;
  let rows = 0;
  let y = 0;

  /** Ends the row of the photos *from* to *to* - 1, whose headings are *bits*. */
  const endRow = (/** @type {number} */ from, /** @type {number} */ height, /** @type {number} */ bits) => {
    if (rows + 1 >= room) {
      room *= 2;
      first = grown(first, new Uint32Array(room + 1));
      top = grown(top, new Float64Array(room + 1));
      kind = grown(kind, new Uint8Array(room));
    }
    first[rows] = from;
    top[rows] = y;
    kind[rows] = bits;
    y += Math.round(height) + gap + above(bits, sizes);
    rows++;
  };

  let from = 0;
  let sum = 0;
  let gaps = 0;
  let bits = 0;
  let lastDay = NaN;
  let lastMonth = NaN;
  for (let i = 0; i < count; i++) {
    const place = order ? order[i] : i;
    const aspect = ASPECTS[aspects[place]];
    let before = i === from ? 0 : gap;
    let starts = 0;
    if (days) {
      const day = days[place];
      if (day !== lastDay) {
        const month = day === UNDATED ? -1 : monthOf(day);
        starts = DAY;
        if (month !== lastMonth) {
          const isSmall = month !== -1 && isSmallMonth(photos, i, month, sizes);
          const isShared = isSmall && wasSmall && Math.floor(month / 12) === Math.floor(lastMonth / 12);
          if (month === -1) starts = MONTH;
          else if (!isShared) starts = MONTH | DAY;
          else sections[sections.length - 1].last = month;
          months.push({ month, row: rows, first: i });
          wasSmall = isSmall;
          lastMonth = month;
        }
        lastDay = day;
        if (i !== from) before = sizes.dayGap;
      }
    }
    if (i === noiseAt) starts |= NOISE;
    if (starts & (MONTH | NOISE)) {
      if (i > from) endRow(from, Math.min((width - gaps) / sum, target), bits);
      if (starts & MONTH) {
        months[months.length - 1].row = rows;
        sections.push({ month: lastMonth, row: rows, first: i, last: lastMonth });
      }
      from = i;
      sum = gaps = bits = before = 0;
    }
    const height = (width - gaps - before) / (sum + aspect);
    if (height < target && i > from) {
      const without = (width - gaps) / sum;
      if (without - target < target - height && without <= TALLEST * target) {
        endRow(from, without, bits);
        if (months.length && months[months.length - 1].first === i) months[months.length - 1].row = rows;
        from = i;
        sum = aspect;
        gaps = 0;
        bits = starts;
        if (width / aspect <= target) {
          endRow(i, width / aspect, bits);
          from = i + 1;
          sum = bits = 0;
        }
        continue;
      }
    }
    sum += aspect;
    gaps += before;
    bits |= starts;
    if (height <= target) {
      endRow(from, height, bits);
      from = i + 1;
      sum = gaps = bits = 0;
    }
  }
  if (from < count) endRow(from, Math.min((width - gaps) / sum, target), bits);
  first[rows] = count;
  top[rows] = y;
  return { rows, first, top, kind, height: y, months, sections, sizes, photos };
}

/** Whether the month that begins with photo number *i* has few photos. */
function isSmallMonth(
  /** @type {Photos} */ { count, aspects, days, order },
  /** @type {number} */ i,
  /** @type {number} */ month,
  /** @type {Sizes} */ { width, target, gap },
) {
  let taken = 0;
  for (let at = i; at < count && days; at++) {
    const place = order ? order[at] : at;
    if (days[place] === UNDATED || monthOf(days[place]) !== month) return true;
    taken += ASPECTS[aspects[place]] * target + gap;
    if (taken > SMALL * width) return false;
  }
  return true;
}

/** Height of the headings that *bits* name. @param {number} bits @param {Sizes} sizes */
export function above(bits, sizes) {
  return (bits & MONTH ? sizes.month : 0) + (bits & DAY ? sizes.day : 0) + (bits & NOISE ? sizes.noise : 0);
}

/** @template {Uint32Array | Float64Array | Uint8Array} T @param {T} old @param {T} larger @returns {T} */
function grown(old, larger) {
  larger.set(old);
  return larger;
}

/** Number of the row at height *y*, at least 0. @param {Layout} layout @param {number} y */
export function rowAt(layout, y) {
  return lastNotAbove(layout.top, layout.rows, y);
}

/** Number of the row of photo number *i*. @param {Layout} layout @param {number} i */
export function rowOf(layout, i) {
  return lastNotAbove(layout.first, layout.rows, i);
}

/** @param {Float64Array | Uint32Array} sorted @param {number} count @param {number} value */
function lastNotAbove(sorted, count, value) {
  let low = 0;
  let high = count - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (sorted[middle] <= value) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/**
 * Places the photos of a row: whole pixels, so that no hairline shows between neighbours.
 * @param {Layout} layout @param {number} row
 * @returns {{ index: number, left: number, top: number, width: number, height: number, startsDay: boolean,
 *             dayWidth: number }[]} `dayWidth` is the room for the name of the day that a photo begins
 */
export function placeRow(layout, row) {
  const { sizes, first, photos } = layout;
  const { aspects, days, order } = photos;
  const head = above(layout.kind[row], sizes);
  const height = layout.top[row + 1] - layout.top[row] - sizes.gap - head;
  const from = first[row];
  const until = first[row + 1];
  /** @param {number} i */
  const startsDay = (i) => {
    if (!days) return false;
    const day = days[order ? order[i] : i];
    return i === 0 || day !== days[order ? order[i - 1] : i - 1];
  };
  let sum = 0;
  let gaps = 0;
  for (let i = from; i < until; i++) {
    sum += ASPECTS[aspects[order ? order[i] : i]];
    if (i > from) gaps += startsDay(i) ? sizes.dayGap : sizes.gap;
  }
  // Heights are whole pixels, so a full row is stretched by less than half a pixel of height to its exact width.
  const exact = (sizes.width - gaps) / sum;
  const scale = Math.abs(exact - height) <= 0.5 ? exact : height;
  const cells = [];
  let x = 0;
  for (let i = from; i < until; i++) {
    const starts = startsDay(i);
    if (i > from) x += starts ? sizes.dayGap : sizes.gap;
    const right = x + ASPECTS[aspects[order ? order[i] : i]] * scale;
    const left = Math.round(x);
    cells.push({
      index: i, left, top: layout.top[row] + head, width: Math.round(right) - left, height, startsDay: starts, dayWidth: 0,
    });
    x = right;
  }
  let end = sizes.width;
  for (const cell of cells.toReversed()) {
    cell.dayWidth = end - cell.left;
    if (cell.startsDay) end = cell.left - sizes.gap;
  }
  return cells;
}
