/** Ranking of all photos by weighted terms, and what can be said of their scores. */

/** Cosine from which two photos are near-duplicates. */
export const NEAR = 0.95;

/** Photos below which median and spread mean nothing. */
const FEWEST = 100;
const CHANCE = 0.01;

/**
 * Returns each photo's cosine with the unit vector of Σ weight × term. `gram` are the terms' cosines with each other.
 * Null if the terms cancel each other.
 * @param {Float32Array[]} columns each photo's cosine with a term
 * @param {number[]} weights
 * @param {number[][]} gram
 * @param {Float32Array} [into] array for the result
 * @returns {Float32Array | null}
 */
export function combine(columns, weights, gram, into) {
  let square = 0;
  for (let i = 0; i < weights.length; i++) {
    for (let j = 0; j < weights.length; j++) square += weights[i] * weights[j] * gram[i][j];
  }
  if (square < 1e-6) return null;
  const count = columns[0].length;
  const scores = into ?? new Float32Array(count);
  const factors = weights.map((weight) => weight / Math.sqrt(square));
  scores.fill(0);
  for (let term = 0; term < columns.length; term++) {
    const column = columns[term];
    const factor = factors[term];
    if (factor === 0) continue;
    for (let i = 0; i < count; i++) scores[i] += factor * column[i];
  }
  return scores;
}

/** Arrays of the sort, kept between calls: a drag sorts at every move. @type {Uint32Array[]} */
let work = [];

/**
 * Returns the places of *scores* from the highest to the lowest, equal ones in their order. Radix sort, stable.
 * @param {Float32Array} scores
 * @returns {Uint32Array}
 */
export function descending(scores) {
  const count = scores.length;
  if (work.length === 0 || work[0].length < count) work = [0, 1, 2].map(() => new Uint32Array(count));
  const [keys, otherKeys, places] = work;
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, count);
  const counts = [new Uint32Array(2048), new Uint32Array(2048), new Uint32Array(1024)];
  for (let i = 0; i < count; i++) {
    // Bits of floats sort as unsigned numbers once negative ones are inverted; inverting all of it sorts downwards.
    const sign = bits[i] >>> 31;
    const key = sign && bits[i] !== 0x80000000 ? bits[i] : ~bits[i] & 0x7fffffff;
    keys[i] = key;
    counts[0][key & 2047]++;
    counts[1][(key >>> 11) & 2047]++;
    counts[2][key >>> 22]++;
  }
  for (const each of counts) {
    let sum = 0;
    for (let digit = 0; digit < each.length; digit++) {
      const here = each[digit];
      each[digit] = sum;
      sum += here;
    }
  }
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const at = counts[0][keys[i] & 2047]++;
    otherKeys[at] = keys[i];
    order[at] = i;
  }
  for (let i = 0; i < count; i++) {
    const at = counts[1][(otherKeys[i] >>> 11) & 2047]++;
    keys[at] = otherKeys[i];
    places[at] = order[i];
  }
  for (let i = 0; i < count; i++) order[counts[2][keys[i] >>> 22]++] = places[i];
  return order;
}

/**
 * Returns the number of scores that are at least *least*, of scores in descending order.
 * @param {Float32Array} scores @param {number} least @param {Uint32Array | null} [order]
 */
export function countFrom(scores, least, order) {
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[order ? order[middle] : middle] >= least) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Returns median and spread, 1.4826 times the median distance from the median, of scores in descending order.
 * @param {Float32Array} scores @param {Uint32Array} order
 * @returns {{ median: number, spread: number }}
 */
export function usual(scores, order) {
  const count = order.length;
  if (!count) return { median: 0, spread: 0 };
  const at = (/** @type {number} */ i) => scores[order[i]];
  const median = (at((count - 1) >> 1) + at(count >> 1)) / 2;
  // The distances grow from the median to both ends, so they are met in order by two fingers.
  let up = (count - 1) >> 1;
  let down = up + 1;
  let distance = 0;
  let before = 0;
  for (let seen = 0; seen <= count >> 1; seen++) {
    before = distance;
    const above = up >= 0 ? at(up) - median : Infinity;
    const below = down < count ? median - at(down) : Infinity;
    if (above <= below) {
      distance = above;
      up--;
    } else {
      distance = below;
      down++;
    }
  }
  return { median, spread: 1.4826 * (count % 2 ? distance : (before + distance) / 2) };
}

/**
 * Returns the cosine that the best of as many unrelated photos reaches once in a hundred times; see `chance_limit.py`.
 * @param {number} count @param {number} median @param {number} spread
 */
export function chanceLimit(count, median, spread) {
  if (count < FEWEST) return -Infinity;
  const scale = 1 / Math.sqrt(2 * Math.log(count));
  const location = 1 / scale - (scale * (Math.log(Math.log(count)) + Math.log(4 * Math.PI))) / 2;
  return median + spread * (location - scale * Math.log(-Math.log1p(-CHANCE)));
}

/**
 * Counts scores in *bars* equal parts between the least and the greatest one.
 * @param {Float32Array} scores @param {number} bars
 * @returns {{ low: number, high: number, counts: Uint32Array }}
 */
export function histogram(scores, bars) {
  let low = Infinity;
  let high = -Infinity;
  for (const score of scores) {
    if (score < low) low = score;
    if (score > high) high = score;
  }
  const counts = new Uint32Array(bars);
  if (!scores.length) return { low: 0, high: 0, counts };
  const factor = high > low ? bars / (high - low) : 0;
  for (const score of scores) counts[Math.min(bars - 1, Math.floor((score - low) * factor))]++;
  return { low, high, counts };
}
