import assert from "node:assert/strict";
import { test } from "node:test";
import { GIVE_UP_MS, Outbox, REPEAT_MS } from "../../static/js/stream/outbox.js";
import { REPEAT_AT_MS, Stopper } from "../../static/js/stream/stopper.js";
import { Clock } from "./turns.mjs";

const PROMPT = { key: "k", text: "Hello", model: "m" };

function sending() {
  const clock = new Clock();
  const sent = [];
  const told = [];
  const outbox = new Outbox("c", {
    ...clock.turns(),
    send: (verb) => Boolean(sent.push(verb)),
    taken: ({ key }) => told.push(["taken", key]),
    refused: ({ key }, reason, retryAfterS) => told.push(["refused", key, reason, retryAfterS]),
  });
  outbox.put(PROMPT);
  return { clock, sent, told, outbox };
}

test("a prompt leaves with its key", () => {
  const { sent } = sending();
  assert.deepEqual(sent, [{ do: "send", chat: "c", ...PROMPT }]);
});

test("it is repeated under the same key until it is confirmed", () => {
  const { clock, sent, told, outbox } = sending();
  clock.pass(REPEAT_MS);
  assert.deepEqual(sent[1], sent[0]);
  outbox.confirm();
  clock.pass(600_000);
  assert.equal(sent.length, 2);
  assert.deepEqual(told, [["taken", "k"]]);
});

test("the connection's return sends it at once", () => {
  const { sent, outbox } = sending();
  outbox.repeat();
  assert.equal(sent.length, 2);
});

test("a refusal ends it and is never repeated", () => {
  const { clock, sent, told, outbox } = sending();
  outbox.refuse("Too fast.", 5);
  clock.pass(600_000);
  outbox.repeat();
  assert.equal(sent.length, 1);
  assert.deepEqual(told, [["refused", "k", "Too fast.", 5]]);
});

test("without a word from the server it gives up and says so", () => {
  const { clock, told, outbox } = sending();
  clock.pass(GIVE_UP_MS + REPEAT_MS);
  assert.equal(told[0][0], "refused");
  assert.match(told[0][2], /Your text is kept/);
  assert.equal(outbox.waiting, null);
});

function stopping() {
  const clock = new Clock();
  const asked = [];
  const stopper = new Stopper((generation) => asked.push([generation, clock.time]), clock.turns());
  return { clock, asked, stopper, start: clock.time };
}

test("a stop is asked for at once and again until the answer has ended", () => {
  const { clock, asked, stopper, start } = stopping();
  stopper.stop("g");
  clock.pass(10_000);
  assert.deepEqual(
    asked.map(([, at]) => at - start),
    REPEAT_AT_MS,
  );
});

test("an answer that has ended is left alone", () => {
  const { clock, asked, stopper } = stopping();
  stopper.stop("g");
  stopper.ended("g");
  clock.pass(10_000);
  stopper.repeat();
  assert.equal(asked.length, 1);
});

test("after a break every open wish is said again", () => {
  const { clock, asked, stopper } = stopping();
  stopper.stop("g");
  clock.pass(60_000);
  stopper.repeat();
  assert.equal(asked.length, REPEAT_AT_MS.length + 1);
});
