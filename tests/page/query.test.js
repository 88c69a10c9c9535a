import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BadQuery, formatQuery, parseQuery, photosQuery, valuesText } from "../../photos/http/static/search/query.js";

const read = (name) => JSON.parse(readFileSync(new URL(`cases/${name}.json`, import.meta.url)));
const plain = ({ terms, filters }) => ({
  terms: terms.map((each) => [each.kind, each.text, each.weight]),
  filters: filters.map((each) => [each.name, each.values, each.negated]),
});

for (const { text, bad, terms = [], filters = [] } of read("query")) {
  test(`parses ${text}`, () => {
    if (bad) assert.throws(() => parseQuery(text), BadQuery);
    else {
      assert.deepEqual(plain(parseQuery(text)), { terms, filters });
      assert.deepEqual(plain(parseQuery(formatQuery(parseQuery(text)))), { terms, filters });
    }
  });
}

for (const { text, terms = [], filters = [] } of read("formatted")) {
  test(`writes ${text}`, () => {
    const query = {
      terms: terms.map(([kind, words, weight]) => ({ kind, text: words, weight })),
      filters: filters.map(([name, values, negated]) => ({ name, values, negated })),
    };
    assert.equal(formatQuery(query), text);
    assert.deepEqual(plain(parseQuery(text)), { terms, filters });
  });
}

test("a selection is a query of numbers and runs", () => {
  assert.equal(photosQuery([18, 12, 16, 15, 17]), "id:12|15..18");
  assert.equal(photosQuery([3]), "id:3");
  assert.equal(photosQuery([]), null);
  assert.equal(photosQuery(Array.from({ length: 501 }, (_, i) => 2 * i)), null);
  assert.equal(photosQuery(Array.from({ length: 450 }, (_, i) => 1_000_000_000 + 2 * i)), null, "4096 letters");
  const many = photosQuery(Array.from({ length: 100_000 }, (_, i) => i + 1));
  assert.equal(many, "id:1..100000");
  assert.deepEqual(plain(parseQuery("id:1..3|7")).filters, [["id", ["1..3", "7"], false]]);
});

test("many numbers are shown as their count", () => {
  const shown = (text) => valuesText(parseQuery(text).filters[0]);
  assert.equal(shown("id:1..3|7|9|20..21"), "7 numbers");
  assert.equal(shown("id:1..3|7"), "1..3 or 7");
  assert.equal(shown("tag:a|b|c|d"), "a or b or c or d");
});
