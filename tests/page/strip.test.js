import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeDeltas, decodeHalves, decodeStrip } from "../../photos/http/static/data/strip.js";

const cases = JSON.parse(readFileSync(new URL("cases/strips.json", import.meta.url)));
const bytes = (text) => Uint8Array.from(Buffer.from(text, "base64"));

for (const { name, strip, columns } of cases) {
  test(`reads ${name}`, () => {
    const found = decodeStrip(bytes(strip).buffer);
    assert.deepEqual(Object.fromEntries([...found.columns].map(([key, values]) => [key, [...values]])), columns);
  });
}

test("refuses what is no strip or ends early", () => {
  const whole = bytes(cases[0].strip);
  assert.throws(() => decodeStrip(new ArrayBuffer(0)), RangeError);
  assert.throws(() => decodeStrip(whole.slice(0, -8).buffer), RangeError);
  assert.throws(() => decodeDeltas(new Uint8Array(2), 3), RangeError);
  assert.throws(() => decodeHalves(new Uint8Array(3), 2), RangeError);
});
