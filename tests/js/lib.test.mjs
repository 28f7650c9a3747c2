import assert from "node:assert/strict";
import { test } from "node:test";
import { Draft, randomKey } from "../../static/js/lib/draft.js";
import { sends, shortcut } from "../../static/js/lib/keys.js";
import { EventStreamReader } from "../../static/js/lib/sse.js";
import { duration } from "../../static/js/lib/time.js";
import { readFrame } from "../../static/js/stream/frames.js";
import { sameText } from "../../static/js/ui/answers.js";
import { randomFrom } from "./turns.mjs";

function drafting() {
  const kept = new Map();
  const storage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
  };
  let keys = 0;
  return { storage, kept, open: (chat = "c") => new Draft(storage, chat, () => `key-${++keys}`) };
}

test("a draft is there again after a reload, for its chat only", () => {
  const { open } = drafting();
  open().write("Half a thou");
  assert.equal(open().read().text, "Half a thou");
  assert.equal(open("other").read().text, "");
});

test("the same text sent again has the same key, another text another one", () => {
  const { open } = drafting();
  assert.equal(open().keyFor("Hello"), "key-1");
  assert.equal(open().keyFor("Hello "), "key-1");
  assert.equal(open().keyFor("Hello you"), "key-2");
  open().clear();
  assert.equal(open().keyFor("Hello you"), "key-3");
});

test("typing on makes it another prompt", () => {
  const draft = drafting().open();
  draft.keyFor("Hello");
  draft.write("Hello, world");
  assert.equal(draft.keyFor("Hello, world"), "key-2");
});

test("a storage that is full, forbidden or garbled costs only the draft", () => {
  const refuse = () => {
    throw new Error("QuotaExceededError");
  };
  const draft = new Draft({ getItem: () => "{not json", setItem: refuse, removeItem: refuse }, "c", () => "k");
  assert.deepEqual(draft.read(), { text: "", key: "" });
  assert.equal(draft.keyFor("Hello"), "k");
});

test("keys do not repeat", () => assert.notEqual(randomKey(), randomKey()));

const press = (key, more = {}) => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  isComposing: false,
  keyCode: 0,
  ...more,
});

test("Enter sends, unless it means something else", () => {
  const desk = { touch: false };
  assert.equal(sends(press("Enter"), desk), true);
  assert.equal(sends(press("a"), desk), false);
  assert.equal(sends(press("Enter", { shiftKey: true }), desk), false);
  assert.equal(sends(press("Enter", { isComposing: true }), desk), false);
  assert.equal(sends(press("Enter", { keyCode: 229 }), desk), false);
  assert.equal(sends(press("Enter"), { touch: true }), false);
  assert.equal(sends(press("Enter", { ctrlKey: true }), { touch: true }), true);
});

test("shortcuts do not get in the way of typing", () => {
  assert.equal(shortcut(press("/"), { typing: false }), "compose");
  assert.equal(shortcut(press("/"), { typing: true }), null);
  assert.equal(shortcut(press("Escape"), { typing: true }), "stop");
  assert.equal(shortcut(press("O", { ctrlKey: true, shiftKey: true }), { typing: true }), "new");
  assert.equal(shortcut(press("o"), { typing: false }), null);
});

const STREAM =
  'id: g.1\r\ndata: {"a":1}\r\n\r\n: a comment\n\ndata: one\ndata: two\n\nevent: x\ndata:bare\r\rdata: unfinished';

test("an event stream reads the same however it is cut", () => {
  const expected = ['{"a":1}', "one\ntwo", "bare"];
  assert.deepEqual(new EventStreamReader().feed(STREAM), expected);
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomFrom(seed);
    const reader = new EventStreamReader();
    const events = [];
    for (let at = 0; at < STREAM.length;) {
      const next = at + 1 + Math.floor(random() * 6);
      events.push(...reader.feed(STREAM.slice(at, next)));
      at = next;
    }
    assert.deepEqual(events, expected, `seed ${seed}`);
  }
});

test("a frame is an object with a type, anything else is none", () => {
  assert.deepEqual(readFrame('{"type":"hello"}'), { type: "hello" });
  for (const text of ["", "null", "[]", "{", '{"type":1}', '"x"', undefined]) assert.equal(readFrame(text), null, text);
});

test("durations are short words", () => {
  assert.deepEqual([0, 7.9, 65, 3_720].map(duration), ["0 s", "7 s", "1 min 05 s", "1 h 02 min"]);
});

test("a prompt is known again after the way through the server", () => {
  assert.equal(sameText("a\r\nb ", "a\nb"), true);
  assert.equal(sameText("a", "b"), false);
});
