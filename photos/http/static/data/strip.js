/** Decoding of a strip: columns of all photos of a query, in order, as one binary answer. */

/** Day of a photo without a date. Days count from 1970-01-01, by the camera's clock. */
export const UNDATED = -719_163;

/**
 * @typedef {{ name: string, encoding: "delta-varint" | "u8" | "float16" , offset: number, length: number }} Column
 * @typedef {{ count: number, generation?: string, columns: Column[], [field: string]: unknown }} Header
 * @typedef {Uint8Array | Int32Array | Float32Array} Values
 */

/**
 * Decodes a strip. Throws a `RangeError` if the bytes are no strip, or end early.
 * @param {ArrayBuffer} buffer
 * @returns {{ header: Header, columns: Map<string, Values> }}
 */
export function decodeStrip(buffer) {
  const bytes = new Uint8Array(buffer);
  const end = bytes.indexOf(10);
  if (end < 0) throw new RangeError("a strip begins with a line of JSON");
  const header = /** @type {Header} */ (JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))));
  const columns = new Map();
  for (const column of header.columns) {
    const from = end + 1 + column.offset;
    if (from + column.length > bytes.length) throw new RangeError(`the column ${column.name} ends early`);
    columns.set(column.name, decodeColumn(bytes.subarray(from, from + column.length), column, header.count));
  }
  return { header, columns };
}

/** @param {Uint8Array} bytes @param {Column} column @param {number} count @returns {Values} */
function decodeColumn(bytes, column, count) {
  switch (column.encoding) {
    case "delta-varint":
      return decodeDeltas(bytes, count);
    case "u8":
      return bytes.slice(0, count);
    case "float16":
      return decodeHalves(bytes, count);
    default:
      throw new RangeError(`the encoding ${column.encoding} is unknown`);
  }
}

/**
 * Decodes zigzag varints of differences. Numbers stay below 2^31.
 * @param {Uint8Array} bytes @param {number} count @returns {Int32Array}
 */
export function decodeDeltas(bytes, count) {
  const values = new Int32Array(count);
  let at = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    let byte = bytes[at++];
    let number = byte & 127;
    // A difference of two 31-bit numbers needs 33 bits in zigzag, so the fifth byte is added, not shifted.
    for (let factor = 128; byte & 128; factor *= 128) {
      byte = bytes[at++];
      number += (byte & 127) * factor;
    }
    last += number % 2 ? -(number + 1) / 2 : number / 2;
    values[i] = last;
  }
  if (at > bytes.length) throw new RangeError("a column ends early");
  return values;
}

/** Score of a photo without an embedding, below every cosine. The strip has NaN, which no sort can place. */
export const NO_SCORE = -2;

/** @type {Float32Array | undefined} */
let halves;

/**
 * Decodes little-endian float16. NaN becomes `NO_SCORE`.
 * @param {Uint8Array} bytes @param {number} count @returns {Float32Array}
 */
export function decodeHalves(bytes, count) {
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => half(bits));
  const values = new Float32Array(count);
  if (bytes.length < 2 * count) throw new RangeError("a column ends early");
  for (let i = 0; i < count; i++) values[i] = halves[bytes[2 * i] | (bytes[2 * i + 1] << 8)];
  return values;
}

/** @param {number} bits */
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NO_SCORE : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -14 * (fraction / 1024);
}

/** Width divided by height, for each value of the column `aspect`. */
export const ASPECTS = Float32Array.from({ length: 256 }, (_, value) => 2 ** ((value - 128) / 32));
