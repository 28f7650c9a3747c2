import assert from "node:assert/strict";
import { test } from "node:test";
import { Cursors, readCursors } from "../../static/js/stream/cursor.js";

const frame = (after, seq, generation = "g") => ({ type: "frame", generation, after, seq });
const reset = (seq, generation = "g") => ({ type: "reset", generation, seq });

test("a frame that leads on is applied and moves the cursor", () => {
  const cursors = new Cursors({ g: 4 });
  assert.equal(cursors.take(frame(4, 6)), "apply");
  assert.deepEqual(cursors.toJSON(), { g: 6 });
});

test("what is had already is a duplicate", () => {
  const cursors = new Cursors({ g: 4 });
  assert.equal(cursors.take(frame(2, 4)), "duplicate");
  assert.equal(cursors.take(reset(3)), "duplicate");
  assert.deepEqual(cursors.toJSON(), { g: 4 });
});

test("a frame that does not fit is a gap, later or overlapping", () => {
  const cursors = new Cursors({ g: 4 });
  assert.equal(cursors.take(frame(5, 6)), "gap");
  assert.equal(cursors.take(frame(3, 6)), "gap");
  assert.deepEqual(cursors.toJSON(), { g: 4 });
});

test("an unknown answer starts at nothing or with a reset", () => {
  assert.equal(new Cursors().judge(frame(0, 1)), "apply");
  assert.equal(new Cursors().judge(frame(3, 4)), "gap");
  assert.equal(new Cursors().judge(reset(9)), "apply");
});

test("a reset as of what is had is applied: it may repair the page", () => {
  assert.equal(new Cursors({ g: 4 }).judge(reset(4)), "apply");
});

test("answers do not mix", () => {
  const cursors = new Cursors({ a: 1, b: 7 });
  assert.equal(cursors.take(frame(1, 2, "a")), "apply");
  assert.equal(cursors.take(frame(7, 8, "b")), "apply");
  assert.equal(cursors.toString(), "a.2,b.8");
});

test("it names the answers of which the server has more", () => {
  assert.deepEqual(new Cursors({ a: 3, b: 3 }).behind({ a: 3, b: 5, c: 1, d: 0 }), ["b", "c"]);
});

test("cursors are read back as they are written", () => {
  for (const cursors of [{}, { g: 0 }, { "a-_9": 1, b: 27 }]) {
    assert.deepEqual(readCursors(new Cursors(cursors).toString()), cursors);
  }
  assert.deepEqual(readCursors("g.x, h.3,,i"), { h: 3 });
});

test("a forgotten answer is taken whole", () => {
  const cursors = new Cursors({ g: 9 });
  cursors.forget("g");
  assert.equal(cursors.judge(reset(5)), "apply");
});
