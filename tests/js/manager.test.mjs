import assert from "node:assert/strict";
import { test } from "node:test";
import { ErrorHandler } from "../../static/js/errors/handler.js";
import { ACK_EACH_MS, StreamManager } from "../../static/js/stream/manager.js";
import { Clock, Links, randomFrom, server } from "./turns.mjs";

/** A page that holds one text for each answer; a patch says what it builds on, and does harm where that is not so. */
class PlainPage {
  texts = {};
  misfits = 0;

  show(html) {
    const { generation, at, whole, text } = JSON.parse(html);
    if (whole !== undefined) this.texts[generation] = whole;
    else if ((this.texts[generation] ?? "").length === at)
      this.texts[generation] = (this.texts[generation] ?? "") + text;
    else return Boolean(this.misfits++ && false);
    return true;
  }
}

function managing({ cursors = {}, page = new PlainPage(), random } = {}) {
  const clock = new Clock();
  const links = new Links();
  const errors = new ErrorHandler();
  const manager = new StreamManager({
    chat: "c",
    cursors,
    random,
    errors,
    show: (html) => page.show(html),
    last: () => "m",
    turns: clock.turns(),
    socket: links.opener("socket"),
    events: links.opener("events"),
  });
  manager.start();
  return { clock, links, errors, manager, page };
}

const patch = (after, seq, at, text, generation = "g") => ({
  type: "frame",
  generation,
  after,
  seq,
  html: JSON.stringify({ generation, at, text }),
});
const whole = (seq, text, generation = "g") => ({
  type: "reset",
  generation,
  seq,
  html: JSON.stringify({ generation, whole: text }),
});
const said = (link, verb) => link.sent.filter((message) => message.do === verb);

test("it opens with its cursors", () => {
  const { links } = managing({ cursors: { g: 3 } });
  server.accept(links.last);
  assert.deepEqual(links.last.sent, [{ do: "open", chat: "c", cursors: { g: 3 }, last: "m" }]);
});

test("it shows what comes and says how far it got, not too often", () => {
  const { clock, links, page } = managing();
  server.accept(links.last);
  for (let n = 0; n < 10; n++) {
    server.say(links.last, patch(n, n + 1, n, "x"));
    clock.pass(20);
  }
  assert.equal(page.texts.g, "xxxxxxxxxx");
  assert.equal(said(links.last, "ack").length, 1);
  clock.pass(ACK_EACH_MS);
  assert.deepEqual(said(links.last, "ack").at(-1), { do: "ack", generation: "g", seq: 10 });
});

test("a gap is asked for, once a second", () => {
  const { clock, links, errors } = managing();
  server.accept(links.last);
  clock.pass(5_000);
  for (let n = 5; n < 9; n++) server.say(links.last, patch(n, n + 1, n, "x"));
  clock.pass(10);
  assert.equal(said(links.last, "open").length, 2);
  assert.equal(errors.counts.gaps, 4);
  server.say(links.last, patch(9, 10, 9, "x"));
  clock.pass(1_000);
  assert.equal(said(links.last, "open").length, 3);
});

test("a patch that does not fit the page is replaced by the whole answer", () => {
  const { clock, links, page, errors } = managing();
  server.accept(links.last);
  clock.pass(5_000);
  server.say(links.last, patch(0, 1, 7, "not here"));
  clock.pass(500);
  assert.deepEqual(said(links.last, "open").at(-1).cursors, {});
  server.say(links.last, whole(1, "all of it"));
  clock.pass(500);
  assert.equal(page.texts.g, "all of it");
  assert.equal(errors.counts.misfits, 1);
});

test("a lost wake-up is found by the heads, after a moment", () => {
  const { clock, links } = managing({ cursors: { g: 3 } });
  server.accept(links.last);
  server.say(links.last, { type: "heartbeat", heads: { g: 4 } });
  clock.pass(1_900);
  assert.equal(said(links.last, "open").length, 1);
  clock.pass(200);
  assert.equal(said(links.last, "open").length, 2);
});

test("heads that were reached meanwhile are no reason to ask", () => {
  const { clock, links } = managing({ cursors: { g: 3 } });
  server.accept(links.last);
  server.say(links.last, { type: "heartbeat", heads: { g: 4 } });
  server.say(links.last, patch(3, 4, 0, "x"));
  clock.pass(10_000);
  assert.equal(said(links.last, "open").length, 1);
});

test("an overtaken hello is not believed", () => {
  const { links, manager } = managing();
  server.accept(links.last, 5);
  const heard = [];
  manager.addEventListener("frame", ({ detail }) => heard.push(detail.type));
  server.say(links.last, { type: "hello", connection: 4, heads: {} });
  assert.deepEqual(heard, []);
});

test("a listener can keep a frame from the page", () => {
  const { clock, links, manager, page } = managing();
  server.accept(links.last);
  manager.addEventListener("frame", (event) => event.preventDefault());
  server.say(links.last, patch(0, 1, 0, "x"));
  clock.pass(500);
  assert.deepEqual(page.texts, {});
});

test("any drop, repeat or reorder of frames ends in the same page", () => {
  for (let seed = 1; seed <= 150; seed++) storm(seed);
});

/** A server with a log, a network that loses, doubles, delays and cuts; in the end the page must equal the log. */
function storm(seed) {
  const random = randomFrom(seed);
  const { clock, links, page } = managing({ random });
  const log = { a: [], b: [] };
  const text = (generation, upTo = Infinity) => log[generation].slice(0, upTo).join("");
  let flight = [];

  const answer = (link) => {
    const { cursors } = said(link, "open").at(-1);
    for (const generation of Object.keys(log)) {
      const have = cursors[generation];
      const seq = log[generation].length;
      if (have === undefined || random() < 0.3) flight.push({ link, frame: whole(seq, text(generation), generation) });
      else if (have < seq)
        flight.push({
          link,
          frame: patch(have, seq, text(generation, have).length, log[generation].slice(have).join(""), generation),
        });
    }
  };
  const serve = (calm) => {
    const [link] = links.open;
    if (!link) return;
    if (!link.greeted) server.accept(link, links.all.length);
    link.greeted = true;
    const opened = said(link, "open").length;
    if (link.answered !== opened) answer(link);
    link.answered = opened;
    for (const { link: of, frame } of flight.splice(0)) {
      if (of.closed || of.ended) continue;
      const chance = calm ? 1 : random();
      if (chance < 0.15) continue;
      if (chance < 0.25) flight.push({ link: of, frame });
      server.say(of, frame);
      if (chance > 0.9 && !calm) server.say(of, frame);
    }
  };

  for (let step = 0; step < 60; step++) {
    const generation = random() < 0.5 ? "a" : "b";
    const seq = log[generation].length;
    log[generation].push(`${generation}${seq} `.repeat(1 + Math.floor(random() * 3)));
    const frame = patch(seq, seq + 1, text(generation, seq).length, log[generation][seq], generation);
    if (links.open[0]) flight.push({ link: links.open[0], frame });
    if (random() < 0.3) flight.reverse();
    serve(false);
    if (random() < 0.08 && links.open[0]) server.end(links.open[0], { code: 1006 });
    clock.pass(random() * 300);
  }
  for (let turn = 0; turn < 12; turn++) {
    serve(true);
    if (links.open[0]) server.say(links.open[0], { type: "heartbeat", heads: { a: log.a.length, b: log.b.length } });
    clock.pass(3_000);
  }
  assert.deepEqual(page.texts, { a: text("a"), b: text("b") }, `seed ${seed}`);
  assert.equal(page.misfits, 0, `seed ${seed}`);
}
