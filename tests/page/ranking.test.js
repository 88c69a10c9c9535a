import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { chanceLimit, combine, countFrom, descending, histogram, usual } from "../../photos/http/static/data/ranking.js";

const cases = JSON.parse(readFileSync(new URL("cases/ranking.json", import.meta.url)));
const columns = cases.columns.map((each) => Float32Array.from(each));

cases.weights.forEach((weights, i) => {
  test(`ranks by the weights ${weights}`, () => {
    assert.deepEqual([...descending(combine(columns, weights, cases.gram))], cases.orders[i]);
  });
});

test("gives nothing where terms cancel each other", () => {
  const { columns: same, gram, weights } = cases.cancels;
  assert.equal(combine(same.map((each) => Float32Array.from(each)), weights, gram), null);
});

test("sorts as the language does, equal scores in their order", () => {
  const scores = Float32Array.from({ length: 5000 }, (_, i) => Math.fround(Math.sin(i * i) * (i % 7)));
  scores[17] = -2;
  const expected = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b);
  assert.deepEqual([...descending(scores)], expected);
  assert.deepEqual([...descending(scores.subarray(10, 20))].map((i) => scores[10 + i]), [...scores.subarray(10, 20)].sort((a, b) => b - a));
});

test("measures median and spread by their definition", () => {
  for (const some of [cases.spread, cases.spread.slice(1), [0.5], [0.5, 0.25]]) {
    const scores = Float32Array.from(some);
    const middle = (numbers) => {
      const sorted = [...numbers].sort((a, b) => a - b);
      return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
    };
    const median = middle(scores);
    const found = usual(scores, descending(scores));
    assert.ok(Math.abs(found.median - median) < 1e-9);
    assert.ok(Math.abs(found.spread - 1.4826 * middle([...scores].map((each) => Math.abs(each - median)))) < 1e-9);
  }
});

test("finds the chance limit of the case's numbers", () => {
  assert.deepEqual(cases.limits.map((each) => chanceLimit(...each).toFixed(6)), cases.limits_found);
});

test("counts the scores from a limit on", () => {
  const scores = Float32Array.of(0.5, 0.5, 0.25, 0);
  assert.deepEqual([1, 0.5, 0.3, 0.25, -1].map((least) => countFrom(scores, least)), [0, 2, 2, 3, 4]);
});

test("counts every score in one bar", () => {
  const { low, high, counts } = histogram(columns[0], 5);
  assert.deepEqual([low, high, [...counts]], [-0.5, 0.5, [1, 1, 1, 3, 2]]);
  assert.deepEqual([...histogram(Float32Array.of(1, 1), 3).counts], [2, 0, 0]);
  assert.deepEqual([...histogram(new Float32Array(0), 3).counts], [0, 0, 0]);
});
