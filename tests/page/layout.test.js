import assert from "node:assert/strict";
import { test } from "node:test";
import { monthOf } from "../../photos/http/static/data/dates.js";
import { ASPECTS, UNDATED } from "../../photos/http/static/data/strip.js";
import { DAY, MONTH, NOISE, layoutGrid, placeRow, rowAt, rowOf } from "../../photos/http/static/grid/layout.js";

const sizes = { width: 1200, target: 200, gap: 4, dayGap: 16, month: 60, day: 28, noise: 50 };
const SHAPES = [141, 115, 147, 109, 155, 101, 128, 167, 0, 255];

function photos(count, { perDay = 7, undated = 5 } = {}) {
  const aspects = Uint8Array.from({ length: count }, (_, i) => SHAPES[(i * 7 + (i >> 3)) % (i % 50 ? 8 : 10)]);
  const days = Int32Array.from({ length: count }, (_, i) => (i >= count - undated ? UNDATED : 19000 - Math.floor(i / perDay)));
  return { count, aspects, days };
}

test("the month of a day is the calendar's", () => {
  for (let day = -800000; day < 100000; day += 13) {
    const date = new Date(day * 86400000);
    assert.equal(monthOf(day), date.getUTCFullYear() * 12 + date.getUTCMonth());
  }
});

test("every photo lies in one row, and full rows fill the width", () => {
  for (const width of [320, 390, 1200, 2400]) {
    const layout = layoutGrid(photos(3000), { ...sizes, width });
    let next = 0;
    for (let row = 0; row < layout.rows; row++) {
      const cells = placeRow(layout, row);
      assert.ok(cells.length > 0);
      for (const cell of cells) assert.equal(cell.index, next++);
      const last = cells.at(-1);
      assert.ok(last.left + last.width <= width, `row ${row} is ${last.left + last.width} wide`);
      const isLast = row === layout.rows - 1 || layout.kind[row + 1] & MONTH;
      if (!isLast) assert.equal(last.left + last.width, width);
      for (const [i, cell] of cells.entries()) {
        const exact = cell.height * ASPECTS[layout.photos.aspects[cell.index]];
        assert.ok(Math.abs(cell.width - exact) <= 1 + exact * (0.51 / cell.height), "no photo is cropped by more than a pixel or two");
        if (i) assert.ok(cell.left - cells[i - 1].left - cells[i - 1].width >= sizes.gap - 1);
      }
      assert.ok(cells[0].height <= sizes.target * 1.4 + 1);
    }
    assert.equal(next, 3000);
    assert.equal(layout.height, layout.top[layout.rows]);
  }
});

test("months of few photos share rows under one heading", () => {
  const days = Int32Array.from([19300, 19280, 19240, 19200, 18990, 18930, 18500, UNDATED]);
  const layout = layoutGrid({ count: 8, aspects: new Uint8Array(8).fill(141), days }, sizes);
  const named = layout.sections.map(({ month, last, first }) => [month, last, first]);
  const at = (year, month) => year * 12 + month - 1;
  assert.deepEqual(named, [[at(2022, 11), at(2022, 7), 0], [at(2021, 12), at(2021, 10), 4], [at(2020, 8), at(2020, 8), 6], [-1, -1, 7]]);
  assert.deepEqual(layout.months.map(({ first }) => first), [0, 1, 2, 3, 4, 5, 6, 7]);
  for (const { row, first } of layout.months) assert.equal(rowOf(layout, first), row);
});

test("months begin rows, undated photos come last under a heading", () => {
  const layout = layoutGrid(photos(3000), sizes);
  for (const { month, row, first } of layout.months) {
    assert.equal(layout.first[row], first);
    assert.ok(layout.kind[row] & MONTH);
    assert.equal(month, first >= 2995 ? -1 : monthOf(layout.photos.days[first]));
  }
  assert.equal(layout.months.at(-1).month, -1);
  assert.equal(layout.kind[layout.months.at(-1).row] & DAY, 0);
});

test("a day within a row has its gap and its name", () => {
  const layout = layoutGrid(photos(100, { perDay: 2, undated: 0 }), sizes);
  const cells = placeRow(layout, 0);
  assert.deepEqual(cells.map((cell) => cell.startsDay), cells.map((_, i) => i % 2 === 0));
  assert.ok(cells[2].left - cells[1].left - cells[1].width >= sizes.dayGap - 1);
  assert.ok(layout.kind[0] & DAY);
});

test("another order, and the line after what stands out", () => {
  const { aspects } = photos(200);
  const order = Uint32Array.from({ length: 200 }, (_, i) => 199 - i);
  const layout = layoutGrid({ count: 200, aspects, order, noiseAt: 33 }, sizes);
  const turned = layoutGrid({ count: 200, aspects: aspects.toReversed(), noiseAt: 33 }, sizes);
  assert.deepEqual(layout.top.subarray(0, layout.rows), turned.top.subarray(0, turned.rows));
  const row = rowOf(layout, 33);
  assert.equal(layout.first[row], 33);
  assert.ok(layout.kind[row] & NOISE);
  assert.equal(layout.months.length, 0);
});

test("rows are found by height and by photo", () => {
  const layout = layoutGrid(photos(5000), sizes);
  for (let row = 0; row < layout.rows; row++) {
    assert.equal(rowAt(layout, layout.top[row]), row);
    assert.equal(rowAt(layout, layout.top[row + 1] - 1), row);
    assert.equal(rowOf(layout, layout.first[row]), row);
    assert.equal(rowOf(layout, layout.first[row + 1] - 1), row);
  }
  assert.equal(rowAt(layout, -5), 0);
  assert.equal(rowAt(layout, 1e12), layout.rows - 1);
});

test("no photos make no rows", () => {
  const layout = layoutGrid({ count: 0, aspects: new Uint8Array(0) }, sizes);
  assert.deepEqual([layout.rows, layout.height], [0, 0]);
  assert.equal(rowAt(layout, 0), 0);
});
