import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, HELLO_MS, SILENCE_MS, SOCKET_AGAIN_MS } from "../../static/js/stream/connection.js";
import { Clock, Links, server } from "./turns.mjs";

function connecting() {
  const clock = new Clock();
  const links = new Links();
  const heard = [];
  const told = [];
  const connection = new Connection({
    ...clock.turns(),
    random: () => 1,
    socket: links.opener("socket"),
    events: links.opener("events"),
    greeting: () => ({ do: "open" }),
    frame: (frame) => heard.push(frame),
    up: () => told.push("up"),
    down: () => told.push("down"),
    retrying: () => told.push("retrying"),
    refused: (text) => told.push(text),
  });
  connection.start();
  return { clock, links, heard, told, connection };
}

const kinds = (links) => links.all.map(({ kind }) => kind);

test("it says what it wants to see as soon as the socket is open", () => {
  const { links, told, connection } = connecting();
  server.accept(links.last);
  assert.deepEqual(links.last.sent, [{ do: "open" }]);
  assert.deepEqual(told, ["up"]);
  assert.equal(connection.live, true);
});

test("a cut socket comes back within half a second", () => {
  const { clock, links, told } = connecting();
  server.accept(links.last);
  server.end(links.last, { code: 1006 });
  clock.pass(500);
  assert.deepEqual(kinds(links), ["socket", "socket"]);
  assert.deepEqual(told, ["up", "down", "retrying"]);
});

test("it does not come back where it was sent away for good", () => {
  const { clock, links, told, connection } = connecting();
  server.end(links.last, { code: 4401 });
  clock.pass(600_000);
  connection.wake();
  assert.equal(links.all.length, 1);
  assert.match(told.at(-1), /signed out/);
});

test("silence is found out and ended", () => {
  const { clock, links } = connecting();
  server.accept(links.last);
  clock.pass(SILENCE_MS - 1);
  assert.equal(links.all.length, 1);
  clock.pass(501);
  assert.equal(links.all.length, 2);
  assert.equal(links.all[0].closed, true);
});

test("any sign of life counts against silence", () => {
  const { clock, links } = connecting();
  server.accept(links.last);
  for (let beat = 0; beat < 10; beat++) {
    clock.pass(15_000);
    server.say(links.last, { type: "heartbeat", heads: {} });
  }
  assert.equal(links.all.length, 1);
});

test("two sockets that cannot be opened lead to events", () => {
  const { clock, links } = connecting();
  server.end(links.last, { code: 1006 });
  clock.pass(500);
  server.end(links.last, { code: 1006 });
  clock.pass(1_000);
  assert.deepEqual(kinds(links), ["socket", "socket", "events"]);
});

test("a socket that opens and stays silent leads to events at once", () => {
  const { clock, links } = connecting();
  links.last.on.open();
  clock.pass(HELLO_MS + 500);
  assert.deepEqual(kinds(links), ["socket", "events"]);
});

function onEvents() {
  const all = connecting();
  all.clock.pass(HELLO_MS + 500);
  server.accept(all.links.last);
  return all;
}

test("from events it goes back to the socket when that opens, and never has both", () => {
  const { clock, links, connection } = onEvents();
  const events = links.last;
  for (let beat = 0; beat < 5; beat++) {
    clock.pass(SOCKET_AGAIN_MS / 5);
    if (!events.closed) server.say(events, { type: "heartbeat", heads: {} });
  }
  assert.equal(links.last.kind, "socket");
  assert.equal(events.closed, false);
  links.last.on.open();
  assert.equal(events.closed, true);
  server.accept(links.last);
  assert.deepEqual(
    links.open.map(({ kind }) => kind),
    ["socket"],
  );
  assert.equal(connection.speaks, true);
});

test("events go on while the socket still cannot be had", () => {
  const { clock, links } = onEvents();
  const events = links.last;
  for (let beat = 0; beat < 5; beat++) {
    clock.pass(SOCKET_AGAIN_MS / 5);
    server.say(events, { type: "heartbeat", heads: {} });
  }
  server.end(links.last, { code: 1006 });
  assert.equal(events.closed, false);
});

test("events give their connection back while hidden, and resume", () => {
  const { links, connection } = onEvents();
  connection.hide();
  assert.equal(links.open.length, 0);
  connection.wake();
  assert.deepEqual(
    links.open.map(({ kind }) => kind),
    ["events"],
  );
});

test("a hidden page keeps its socket", () => {
  const { links, connection } = connecting();
  server.accept(links.last);
  connection.hide();
  connection.wake();
  assert.equal(links.all.length, 1);
});

test("a planned end waits as long as the server said", () => {
  const { clock, links } = connecting();
  server.accept(links.last);
  server.say(links.last, { type: "rotate", after_ms: 3_000 });
  server.end(links.last, { code: 4012 });
  clock.pass(2_999);
  assert.equal(links.all.length, 1);
  clock.pass(1);
  assert.equal(links.all.length, 2);
});

test("what an older link still says is not heard", () => {
  const { links, heard, connection } = connecting();
  const [old] = links.all;
  server.accept(old);
  connection.renew();
  server.accept(links.last, 2);
  heard.length = 0;
  server.say(old, { type: "notice", html: "late" });
  server.end(old, { code: 1006 });
  assert.deepEqual(heard, []);
  assert.equal(connection.live, true);
});

test("after a long sleep it connects at once, once", () => {
  const { clock, links, connection } = connecting();
  server.accept(links.last);
  clock.time += 3_600_000; // the machine slept: no timer ran
  connection.wake();
  connection.wake();
  assert.deepEqual(links.open.length, 1);
  assert.equal(links.all.length, 2);
});

test("it parks for the back/forward cache and wakes", () => {
  const { links, connection } = connecting();
  server.accept(links.last);
  connection.park();
  assert.equal(links.open.length, 0);
  connection.wake();
  assert.equal(links.open.length, 1);
});

test("there is never more than one live stream, whatever happens", () => {
  const { clock, links, connection } = connecting();
  const acts = [() => connection.wake(), () => connection.renew(), () => connection.hide(), () => clock.pass(700)];
  for (let step = 0; step < 200; step++) {
    acts[(step * 7) % acts.length]();
    if (step % 3 === 0 && links.open.length) server.accept(links.open[0]);
    if (step % 11 === 0 && links.open.length) server.end(links.open[0], { code: 1006 });
    assert.ok(links.open.length <= 1, `step ${step}`);
  }
});
