import assert from "node:assert/strict";
import { test } from "node:test";
import { FITTED, fitted, shifted, zoomAt } from "../../photos/http/static/viewer/zoom.js";

const box = { width: 800, height: 600 };
const picture = fitted({ width: 3000, height: 2000 }, box);

test("a picture fits the box, and a tiny one is not blown up", () => {
  assert.deepEqual([picture.width, Math.round(picture.height)], [800, 533]);
  assert.deepEqual(fitted({ width: 30, height: 20 }, box), { width: 120, height: 80 });
});

test("what lies under the pointer stays there", () => {
  const point = { x: 120, y: -90 };
  const before = zoomAt(FITTED, 4, { x: 0, y: 0 }, picture, box);
  const after = zoomAt(before, 1.5, point, picture, box);
  const under = ({ scale, x, y }) => [(point.x - x) / scale, (point.y - y) / scale];
  under(before).forEach((value, i) => assert.ok(Math.abs(value - under(after)[i]) < 1e-9));
});

test("zoom ends at the whole picture and at twelve times", () => {
  assert.deepEqual(zoomAt({ scale: 2, x: 50, y: 0 }, 0.1, { x: 10, y: 10 }, picture, box), { scale: 1, x: 0, y: 0 });
  assert.equal(zoomAt(FITTED, 100, { x: 0, y: 0 }, picture, box).scale, 12);
});

test("a picture cannot be pushed out of the box", () => {
  const large = zoomAt(FITTED, 2, { x: 0, y: 0 }, picture, box);
  const pushed = shifted(large, 5000, -5000, picture, box);
  assert.equal(pushed.x, (picture.width * 2 - box.width) / 2);
  assert.equal(pushed.y, -(picture.height * 2 - box.height) / 2);
});
