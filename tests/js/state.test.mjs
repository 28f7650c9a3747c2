import assert from "node:assert/strict";
import { test } from "node:test";
import { MOVES, STOPPABLE, UIStateManager } from "../../static/js/ui/state.js";

const after = (...moves) => {
  const ui = new UIStateManager();
  for (const move of moves) ui.move(move);
  return ui.state;
};

test("a prompt goes its way", () => {
  assert.equal(after("send"), "sending");
  assert.equal(after("send", "taken"), "queued");
  assert.equal(after("send", "taken", "loading", "thinking", "writing"), "writing");
  assert.equal(after("send", "taken", "writing", "ended"), "idle");
});

test("every move leads to a state that exists", () => {
  const targets = Object.values(MOVES).flatMap((moves) => Object.values(moves));
  assert.deepEqual(
    targets.filter((state) => !(state in MOVES)),
    [],
  );
});

test("every state but idle is left for idle in the end", () => {
  for (const state of Object.keys(MOVES).filter((name) => name !== "idle")) {
    const moves = MOVES[state];
    assert.ok(moves.ended === "idle" || moves.back === "idle", state);
  }
});

test("a stop holds until the answer has ended", () => {
  assert.equal(after("writing", "stop"), "stopping");
  assert.equal(after("writing", "stop", "writing", "thinking"), "stopping");
  assert.equal(after("writing", "stop", "ended"), "idle");
  for (const state of STOPPABLE) assert.equal(MOVES[state].stop, "stopping");
});

test("what does not fit the state changes nothing", () => {
  const ui = new UIStateManager();
  assert.equal(ui.move("stop"), false);
  assert.equal(ui.state, "idle");
});

test("the server's words lead to the page's states", () => {
  const seen = (word) => {
    const ui = new UIStateManager();
    ui.see(word);
    return ui.state;
  };
  const expected = {
    queued: "queued",
    reading: "loading",
    retrying: "loading",
    tool: "tool",
    failed: "error",
    nonsense: "idle",
  };
  for (const [word, state] of Object.entries(expected)) assert.equal(seen(word), state);
});

test("a change is told once, with both ends", () => {
  const ui = new UIStateManager();
  const told = [];
  ui.addEventListener("change", ({ detail }) => told.push(detail));
  ui.move("writing");
  ui.move("writing");
  assert.deepEqual(told, [{ before: "idle", state: "writing", move: "writing" }]);
});

test("the network comes and goes in any state", () => {
  for (const state of Object.keys(MOVES).filter((name) => name !== "offline"))
    assert.equal(MOVES[state].lost, "offline");
  assert.equal(after("writing", "lost", "back", "writing"), "writing");
});
