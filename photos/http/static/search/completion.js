/** Completion in the search box: the words that are completed, and the text after a suggestion was taken. */

/**
 * Returns the part of a query before the caret that a suggestion would replace: the words since the last sign,
 * quote, filter or weight, or the filter that is being typed.
 * @param {string} text @param {number} caret @returns {{ from: number, words: string }}
 */
export function partToComplete(text, caret) {
  const before = text.slice(0, caret);
  let from = 0;
  for (const found of before.matchAll(/(?:^|\s)(?:[+-](?=\s)|[+-]?[A-Za-z]+:(?:"[^"]*"|[^\s"])\S*(?=\s)|[+-]?[\d.]+:\S+(?=\s)|"[^"]*")\s*/g)) {
    from = found.index + found[0].length;
  }
  // A sign or a weight that is attached stays before the suggestion.
  const attached = /^(?:\s*[+-]?(?:[\d.]+:(?=\D))?)/.exec(before.slice(from));
  from += attached ? attached[0].length : 0;
  const signed = /\s[+-](\S+)$/.exec(before.slice(from));
  if (signed) from = caret - signed[1].length;
  const filter = /(?:^|\s)([A-Za-z]+:(?:"[^"]*|\S*))$/.exec(before.slice(from));
  if (filter) from = caret - filter[1].length;
  return { from, words: before.slice(from) };
}

/**
 * Returns the text with a suggestion in place of the part, and the caret after it.
 * @param {string} text @param {number} caret @param {string} suggestion
 */
export function complete(text, caret, suggestion) {
  const { from } = partToComplete(text, caret);
  const after = text.slice(caret).trimStart();
  const head = `${text.slice(0, from)}${suggestion}`;
  return { text: after ? `${head} ${after}` : head, caret: head.length };
}
