import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMIT_MS, due } from "../../static/js/stream/pacing.js";
import { Reveal } from "../../static/js/stream/reveal.js";
import { Clock, randomFrom } from "./turns.mjs";

function revealing(clock, options) {
  const shown = [];
  const reveal = new Reveal((item) => shown.push({ ...item, at: clock.time }), clock.turns(options));
  return { reveal, shown };
}

test("nothing waits, nothing is due", () => assert.equal(due([], 0, 16), 0));

test("a single piece is shown at the next turn", () => assert.equal(due([1_000], 1_016, 16), 1));

test("a burst is spread over several turns", () => {
  const clock = new Clock();
  const { reveal, shown } = revealing(clock);
  for (let n = 0; n < 12; n++) reveal.push({ n });
  clock.pass(16);
  assert.ok(shown.length >= 1 && shown.length <= 3, `${shown.length} at the first turn`);
  clock.pass(LIMIT_MS);
  assert.deepEqual(
    shown.map(({ n }) => n),
    Array.from({ length: 12 }, (_, n) => n),
  );
});

test("whatever comes however, order is kept and nothing is shown later than the limit", () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = randomFrom(seed);
    const clock = new Clock();
    const { reveal, shown } = revealing(clock);
    for (let n = 0; n < 200; n++) {
      reveal.push({ n, came: clock.time });
      clock.pass(random() < 0.7 ? 0 : random() * 120);
    }
    clock.pass(LIMIT_MS);
    assert.deepEqual(
      shown.map(({ n }) => n),
      Array.from({ length: 200 }, (_, n) => n),
      `seed ${seed}`,
    );
    const latest = Math.max(...shown.map(({ came, at }) => at - came));
    assert.ok(latest <= LIMIT_MS, `seed ${seed}: ${latest} ms`);
  }
});

test("a hidden page shows at once", () => {
  const clock = new Clock();
  const { reveal, shown } = revealing(clock, { hidden: () => true });
  reveal.push({ n: 1 });
  assert.equal(shown.length, 1);
});

test("without animation frames a timer shows it in time", () => {
  const clock = new Clock();
  const shown = [];
  const reveal = new Reveal((item) => shown.push(item), { ...clock.turns(), nextFrame: () => 1, cancelFrame() {} });
  reveal.push({ n: 1 });
  clock.pass(LIMIT_MS);
  assert.equal(shown.length, 1);
});

test("what waits of one answer can be dropped", () => {
  const clock = new Clock();
  const { reveal, shown } = revealing(clock);
  reveal.push({ generation: "a" });
  reveal.push({ generation: "b" });
  reveal.drop("a");
  clock.pass(LIMIT_MS);
  assert.deepEqual(
    shown.map(({ generation }) => generation),
    ["b"],
  );
});
