import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff, FIRST_MS, HEALTHY_MS, LONGEST_MS } from "../../static/js/stream/backoff.js";

const ceilings = (backoff, count) => Array.from({ length: count }, () => backoff.next());

test("the first wait is short, then they double up to the longest", () => {
  const waits = ceilings(new Backoff(() => 1), 9);
  assert.equal(waits[0], FIRST_MS);
  assert.deepEqual(waits.slice(1, 4), [1_000, 2_000, 4_000]);
  assert.equal(waits.at(-1), LONGEST_MS);
});

test("the jitter is full", () => {
  assert.deepEqual(ceilings(new Backoff(() => 0), 5), [0, 0, 0, 0, 0]);
  assert.equal(new Backoff(() => 0.5).next(), FIRST_MS / 2);
});

test("a healthy life wipes the past, a short one does not", () => {
  const backoff = new Backoff(() => 1);
  ceilings(backoff, 3);
  backoff.up(0);
  backoff.down(HEALTHY_MS - 1);
  assert.equal(backoff.next(), 4_000);
  backoff.up(100_000);
  backoff.down(100_000 + HEALTHY_MS);
  assert.equal(backoff.next(), FIRST_MS);
});
