import assert from "node:assert/strict";
import { test } from "node:test";
import { complete, partToComplete } from "../../photos/http/static/search/completion.js";

/** Text with the caret at |, the words that are completed, and the text after `tag:dog` was taken. */
const CASES = [
  ["do|", "do", "tag:dog|"],
  ["red ca|", "red ca", "tag:dog|"],
  ["beach + do|", "do", "beach + tag:dog|"],
  ["beach - do|", "do", "beach - tag:dog|"],
  ["beach -do|", "do", "beach -tag:dog|"],
  ["2:beach do|", "do", "2:beach tag:dog|"],
  ["-do|", "do", "-tag:dog|"],
  ["year:2019 do|", "do", "year:2019 tag:dog|"],
  ['in:"New York" do|', "do", 'in:"New York" tag:dog|'],
  ['beach tag:"our d|', 'tag:"our d', "beach tag:dog|"],
  ["beach tag:d|", "tag:d", "beach tag:dog|"],
  ['"red car" do|', "do", '"red car" tag:dog|'],
  ["do| year:2019", "do", "tag:dog| year:2019"],
  ["|", "", "tag:dog|"],
];

for (const [marked, words, after] of CASES) {
  test(`completes ${marked}`, () => {
    const caret = marked.indexOf("|");
    const text = marked.replace("|", "");
    assert.equal(partToComplete(text, caret).words, words);
    const taken = complete(text, caret, "tag:dog");
    assert.equal(`${taken.text.slice(0, taken.caret)}|${taken.text.slice(taken.caret)}`, after);
  });
}
