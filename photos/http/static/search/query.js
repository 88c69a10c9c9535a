/**
 * The query language as chips: text to terms and filters, and back. Mirrors `query/language/parser.py`; the cases in
 * tests/page/cases/query.json hold for both. Values of filters are judged by the server alone.
 */

/**
 * @typedef {{ kind: "text" | "picture", text: string, weight: number }} Term
 * @typedef {{ name: string, values: string[], negated: boolean }} Filter
 * @typedef {{ terms: Term[], filters: Filter[] }} Query
 * @typedef {{ text: string, sign: number, weight: number | null, phrase: boolean }} Words
 */

/** A query that cannot be parsed. */
export class BadQuery extends Error {}

/** Names of filters, each with its aliases. */
export const FILTERS = {
  tag: ["label", "tags"], in: ["folder", "path", "dir"], name: ["file", "filename"], date: ["taken", "on"],
  added: ["imported"], after: ["since"], before: [], year: [], month: [], day: [], weekday: [], time: ["hour"],
  camera: [], lens: [], iso: [], aperture: ["f"], focal: ["mm"], exposure: ["shutter"], near: [],
  place: ["country", "city"], format: ["type"], orientation: ["shape"], rating: ["stars"], mp: ["megapixels"],
  filesize: ["bytes"], size: [], width: [], height: [], id: [], keyword: ["keywords"], caption: ["title", "description"], text: ["ocr"],
  is: [], has: [],
};

/** @type {Map<string, string>} */
const NAMES = new Map(
  Object.entries(FILTERS).flatMap(([name, aliases]) => [name, ...aliases].map((each) => [each, name])),
);
const WEIGHT = /(\d+(?:\.\d+)?|\.\d+):(?=[^\s\d:])/y;
const NAME = /([A-Za-z][A-Za-z_-]*):/y;
const PATH = /(?:\.\.?\/|~\/|\/)\S/y;
const VALUE = /[\p{L}\p{N}_"*<>]/uy;
const OPTION = /^(?:[A-Za-z]|\d+)$/;
const HEAVIEST = 1000;
const BARE = /^[\p{L}\p{N}_.,:*?/~<>=+-]+$/u;

/**
 * Parses a query. Throws `BadQuery`.
 * @param {string} text @returns {Query}
 */
export function parseQuery(text) {
  /** @type {Term[]} */
  const terms = [];
  /** @type {Filter[]} */
  const filters = [];
  /** @type {string[]} */
  let run = [];
  let runSign = 1;
  let runStart = 0;
  let pending = 0;
  const endText = () => {
    if (run.length) terms.splice(runStart, 0, { kind: "text", text: run.join(" "), weight: runSign });
    run = [];
    runSign = 1;
  };
  const weighted = (/** @type {number} */ sign, /** @type {number | null} */ weight) => {
    if (pending && sign) throw new BadQuery("two signs");
    const all = (pending || sign || 1) * (weight ?? 1);
    pending = 0;
    return all;
  };
  for (const token of tokens(text)) {
    if (token.kind === "sign") {
      if (pending) throw new BadQuery("two signs in a row");
      endText();
      pending = token.sign;
    } else if (token.kind === "picture") {
      terms.push({ kind: "picture", text: token.text, weight: weighted(token.sign, token.weight) });
    } else if (token.kind === "filter") {
      filters.push({ name: token.name, values: token.values, negated: weighted(token.sign, null) < 0 });
    } else if (!token.sign && token.weight === null && !token.phrase) {
      if (pending) runSign = pending;
      pending = 0;
      if (!run.length) runStart = terms.length;
      run.push(token.text);
    } else {
      const words = token.text.split(/\s+/u).filter(Boolean).join(" ");
      if (words) terms.push({ kind: "text", text: words, weight: weighted(token.sign, token.weight) });
      else if (token.sign || token.weight !== null || pending) throw new BadQuery("no words in quotes");
    }
  }
  endText();
  if (pending) throw new BadQuery("a sign with nothing after it");
  return { terms, filters };
}

/**
 * @typedef {{ kind: "sign", sign: number } | ({ kind: "words" } & Words)
 *   | { kind: "picture", text: string, sign: number, weight: number | null }
 *   | { kind: "filter", name: string, values: string[], sign: number }} Token
 */

/** @param {string} text @returns {Generator<Token>} */
function* tokens(text) {
  const scanner = { text, at: 0, end: 0 };
  for (;;) {
    while (scanner.at < text.length && isSpace(text[scanner.at])) scanner.at++;
    if (scanner.at >= text.length) return;
    scanner.end = endOfWord(text, scanner.at);
    yield token(scanner);
  }
}

/** @typedef {{ text: string, at: number, end: number }} Scanner */

/** @param {Scanner} s @returns {Token} */
function token(s) {
  let sign = 0;
  if (s.text[s.at] === "+" || s.text[s.at] === "-") sign = s.text[s.at++] === "+" ? 1 : -1;
  if (sign && s.at >= s.end) return { kind: "sign", sign };
  if (sign && /[+-]/.test(s.text[s.at])) throw new BadQuery("two signs");
  const found = match(WEIGHT, s);
  const weight = found ? Number(found[1]) : null;
  if (found) s.at += found[0].length;
  if (weight !== null && !(weight > 0 && weight <= HEAVIEST)) throw new BadQuery("weight");
  if (s.text[s.at] === '"') return { kind: "words", text: phrase(s), sign, weight, phrase: true };
  if (s.text[s.at] === "\\" && s.at + 1 < s.end) {
    s.at++;
    return { kind: "words", text: rest(s), sign, weight, phrase: false };
  }
  if (sign < 0 && weight === null) refuseOption(s.text.slice(s.at, s.end));
  if (match(PATH, s)) return { kind: "picture", text: rest(s), sign, weight };
  return named(s, sign, weight) ?? { kind: "words", text: rest(s), sign, weight, phrase: false };
}

/** @param {Scanner} s @param {number} sign @param {number | null} weight @returns {Token | null} */
function named(s, sign, weight) {
  const found = match(NAME, s);
  if (!found) return null;
  const word = found[1].toLowerCase();
  const name = word === "like" ? word : NAMES.get(word);
  if (!name) {
    VALUE.lastIndex = s.at + found[0].length;
    if (found[1].length > 1 && VALUE.test(s.text)) throw new BadQuery(`${found[1]} names no filter`);
    return null;
  }
  s.at += found[0].length;
  if (s.at >= s.end || isSpace(s.text[s.at])) throw new BadQuery("a filter without a value");
  if (name === "like") {
    const path = s.text[s.at] === '"' ? phrase(s) : rest(s);
    if (!path) throw new BadQuery("no picture");
    return { kind: "picture", text: path, sign, weight };
  }
  if (weight !== null) throw new BadQuery("a filter has no weight");
  const values = [value(s)];
  while (s.at < s.end && s.text[s.at] === "|") {
    s.at++;
    values.push(value(s));
  }
  if (!values.every((each) => each.trim())) throw new BadQuery("an empty value");
  return { kind: "filter", name, values, sign };
}

/** @param {Scanner} s */
function value(s) {
  if (s.at < s.end && s.text[s.at] === '"') {
    const text = phrase(s);
    if (s.at < s.text.length && !isSpace(s.text[s.at]) && s.text[s.at] !== "|") throw new BadQuery("after a quote");
    s.end = endOfWord(s.text, s.at);
    return text;
  }
  const start = s.at;
  while (s.at < s.end && s.text[s.at] !== "|") s.at++;
  return s.text.slice(start, s.at);
}

/** @param {string} word */
function refuseOption(word) {
  if (OPTION.test(word) || word.toLowerCase() === "like" || NAMES.has(word.toLowerCase())) {
    throw new BadQuery(`-${word} is an option or a filter without a value`);
  }
}

/** @param {Scanner} s */
function phrase(s) {
  let marks = "";
  let at = s.at + 1;
  while (at < s.text.length && s.text[at] !== '"') {
    if (s.text[at] === "\\" && (s.text[at + 1] === '"' || s.text[at + 1] === "\\")) at++;
    marks += s.text[at++];
  }
  if (at >= s.text.length) throw new BadQuery("a quote that is never closed");
  s.at = at + 1;
  return marks;
}

/** @param {Scanner} s */
function rest(s) {
  const text = s.text.slice(s.at, s.end);
  s.at = s.end;
  return text;
}

/** @param {RegExp} pattern @param {Scanner} s */
function match(pattern, s) {
  pattern.lastIndex = s.at;
  return pattern.exec(s.text);
}

/** @param {string} text @param {number} at */
function endOfWord(text, at) {
  while (at < text.length && !isSpace(text[at])) at++;
  return at;
}

/** @param {string} mark */
function isSpace(mark) {
  return /[\s\x1c-\x1f\x85]/u.test(mark) && mark !== "\ufeff";
}

/**
 * Returns a query as text that parses as the same query, in the form that people type: words without quotes where
 * signs between them say the same.
 * @param {Query} query @returns {string}
 */
export function formatQuery({ terms, filters }) {
  const parts = terms.map((term, i) => formatTerm(term, i === 0));
  return [...parts, ...filters.map(formatFilter)].join(" ");
}

/** @param {Term} term @param {boolean} isFirst */
function formatTerm(term, isFirst) {
  const size = Math.abs(term.weight);
  const minus = term.weight < 0;
  if (term.kind === "picture") {
    const path = `like:${quoted(term.text)}`;
    return `${minus ? "-" : ""}${size === 1 ? "" : `${plain(size)}:`}${path}`;
  }
  const isPlain = term.text.split(" ").every(isPlainWord);
  if (size === 1 && isPlain) {
    return `${minus ? "- " : isFirst ? "" : "+ "}${term.text}`;
  }
  const words = isPlain && !term.text.includes(" ") ? term.text : quoted(term.text);
  return `${minus ? "-" : ""}${plain(size)}:${words}`;
}

/** @param {Filter} filter @returns {string} */
export function formatFilter(filter) {
  const values = filter.values.map((each) => (BARE.test(each) ? each : quoted(each)));
  return `${filter.negated ? "-" : ""}${filter.name}:${values.join("|")}`;
}

/** Query for photos like one of the library. @param {number} id */
export function likePhoto(id) {
  return `like:photo:${id}`;
}

/** Values of all filters, and letters of a query, that the server takes. */
const MOST_VALUES = 500;
const MOST_LETTERS = 4096;

/**
 * Query that finds exactly these photos; null if they are too many for one.
 * @param {Iterable<number>} ids @returns {string | null}
 */
export function photosQuery(ids) {
  /** @type {[number, number][]} */
  const runs = [];
  for (const id of [...ids].sort((one, other) => one - other)) {
    const last = runs[runs.length - 1];
    if (last && id <= last[1] + 1) last[1] = id;
    else runs.push([id, id]);
  }
  const values = runs.map(([first, last]) => (first === last ? String(first) : `${first}..${last}`));
  const text = formatFilter({ name: "id", values, negated: false });
  return values.length && values.length <= MOST_VALUES && text.length <= MOST_LETTERS ? text : null;
}

/** Values of a filter for people. @param {Filter} filter */
export function valuesText({ name, values }) {
  const runs = values.map((each) => /^(\d+)(?:\.\.(\d+))?$/.exec(each));
  if (name !== "id" || values.length < 4 || runs.includes(null)) return values.join(" or ");
  const count = runs.reduce((sum, run) => sum + (run?.[2] ? Number(run[2]) - Number(run[1]) + 1 : 1), 0);
  return `${count.toLocaleString()} numbers`;
}

/** Name of a term for people. @param {Term} term */
export function termName(term) {
  if (term.kind === "text") return term.text;
  const photo = /^photo:(\d+)$/.exec(term.text);
  return photo ? `like photo ${photo[1]}` : `like ${term.text.split("/").pop()}`;
}

/** Whether a word means itself, without quotes. @param {string} word */
function isPlainWord(word) {
  if (!word || /^[+\-"\\]/.test(word)) return false;
  PATH.lastIndex = NAME.lastIndex = WEIGHT.lastIndex = 0;
  return !PATH.test(word) && !NAME.test(word) && !WEIGHT.test(word);
}

/** @param {string} text */
function quoted(text) {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

/** A number of at most three decimals, without an exponent. @param {number} value */
function plain(value) {
  return String(Math.round(value * 1000) / 1000);
}
