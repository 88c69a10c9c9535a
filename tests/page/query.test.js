import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BadQuery, formatQuery, parseQuery } from "../../photos/http/static/search/query.js";

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
