/**
 * StreamManager: from the link to the screen. Takes each frame once and in order (cursor), shows it at an even pace
 * (reveal), says what was shown (ack), and asks again where something is missing. Promises that any drop, repeat or
 * reorder of frames ends in the same page. Knows no DOM: `show` is handed in.
 */
import { Connection } from "./connection.js";
import { Cursors } from "./cursor.js";
import { Reveal } from "./reveal.js";

export const ACK_EACH_MS = 250;
export const BEHIND_MS = 2_000;
export const ASK_EACH_MS = 1_000;

/**
 * @typedef {import("./frames.js").Frame} Frame
 *
 * @typedef {object} Parts
 * @property {string} chat
 * @property {import("./frames.js").Heads} cursors
 * @property {(html: string) => boolean} show  false: the page did not take it
 * @property {() => string} last  the last message that the page shows, `MESSAGE` or `MESSAGE.GENERATION`
 * @property {import("../errors/handler.js").ErrorHandler} errors
 * @property {import("./reveal.js").Turns} turns
 * @property {(on: import("./websocket.js").LinkEvents) => import("./websocket.js").Link} socket
 * @property {(progress: {cursor: string, last: string}, on: import("./websocket.js").LinkEvents) => import("./websocket.js").Link} events
 * @property {() => number} [random]
 */

/**
 * Emits `up`, `down`, `retrying`, `refused` (detail: text), `frame` (detail: the frame, as it came; preventing the default
 * keeps it from the page), `shown` (detail: the frame).
 */
export class StreamManager extends EventTarget {
  /** @type {Cursors} */
  #cursors;
  /** @type {Reveal<Frame>} */
  #reveal;
  #connection;
  #connectionNumber = -1;
  #parts;
  /** @type {Map<string, number>} what is on the screen */
  #shown = new Map();
  /** @type {Map<string, number>} running pauses between acks */
  #ackPauses = new Map();
  #asked = -Infinity;
  #askTimer = 0;
  #behindTimer = 0;

  /** @param {Parts} parts */
  constructor(parts) {
    super();
    this.#parts = parts;
    this.#cursors = new Cursors(parts.cursors);
    this.#shown = new Map(Object.entries(parts.cursors));
    this.#reveal = new Reveal((frame) => this.#show(frame), parts.turns);
    this.#connection = new Connection({
      ...parts.turns,
      random: parts.random,
      socket: parts.socket,
      events: (on) => parts.events({ cursor: this.#cursors.toString(), last: parts.last() }, on),
      greeting: () => this.#greeting(),
      frame: (frame) => this.#frame(frame),
      up: (first) => this.#up(first),
      down: () => this.#down(),
      retrying: () => this.#retrying(),
      refused: (text) => this.#emit("refused", text),
    });
  }

  get live() {
    return this.#connection.live;
  }

  get speaks() {
    return this.#connection.speaks;
  }

  start() {
    this.#connection.start();
  }

  stop() {
    this.#reveal.flush();
    this.#connection.stop();
    for (const timer of [...this.#ackPauses.values(), this.#askTimer, this.#behindTimer])
      this.#parts.turns.cancel(timer);
  }

  /** @param {object} verb @returns {boolean} */
  send(verb) {
    return this.#connection.send(verb);
  }

  /** How far the reader has seen this answer. @param {string} generation */
  seen(generation) {
    return this.#shown.get(generation) ?? 0;
  }

  wake() {
    this.#connection.wake();
  }

  renew() {
    this.#connection.renew();
  }

  hide() {
    this.#reveal.flush();
    this.#connection.hide();
  }

  park() {
    this.#reveal.flush();
    this.#connection.park();
  }

  #greeting() {
    this.#asked = this.#parts.turns.now();
    return { do: "open", chat: this.#parts.chat, cursors: this.#cursors.toJSON(), last: this.#parts.last() };
  }

  /** @param {boolean} first */
  #up(first) {
    if (!first) this.#parts.errors.count("recoveries");
    this.#emit("up");
  }

  #down() {
    this.#parts.errors.count("drops");
    this.#connectionNumber = -1;
    this.#emit("down");
  }

  #retrying() {
    this.#parts.errors.count("retries");
    this.#emit("retrying");
  }

  /** @param {Frame} frame */
  #frame(frame) {
    if (frame.type === "hello" && !this.#greeted(frame.connection ?? 0)) return;
    if (!this.#emit("frame", frame)) return;
    if (frame.heads) this.#compare(frame.heads);
    if (frame.type === "frame" || frame.type === "reset") this.#take(frame);
    else if (frame.html) this.#reveal.push({ ...frame, generation: undefined });
  }

  /** The server counts connections; a hello that is older than the last one was overtaken. @param {number} number */
  #greeted(number) {
    if (number < this.#connectionNumber) return false;
    this.#connectionNumber = number;
    return true;
  }

  /** @param {Frame} frame */
  #take(frame) {
    const verdict = this.#cursors.take(frame);
    if (verdict === "duplicate") this.#parts.errors.count("duplicates");
    if (verdict === "gap") this.#parts.errors.count("gaps");
    if (verdict === "gap") this.#ask();
    if (verdict !== "apply") return;
    if (frame.type === "reset") this.#reset(frame.generation ?? "");
    this.#reveal.push(frame);
  }

  /** The whole answer comes: patches that still wait are for a text that will be gone. @param {string} generation */
  #reset(generation) {
    this.#parts.errors.count("resets");
    this.#reveal.drop(generation);
  }

  /** @param {Frame} frame */
  #show(frame) {
    if (!this.#parts.show(frame.html ?? "")) this.#misfit(frame);
    else if (frame.generation !== undefined) this.#shownUpTo(frame.generation, frame.seq ?? 0);
    this.#emit("shown", frame);
  }

  /** The page is not what the patch was made for: have the answer sent whole. @param {Frame} frame */
  #misfit({ generation }) {
    this.#parts.errors.count("misfits");
    if (generation === undefined) return;
    this.#cursors.forget(generation);
    this.#reveal.drop(generation);
    this.#ask();
  }

  /** @param {string} generation @param {number} seq */
  #shownUpTo(generation, seq) {
    this.#shown.set(generation, seq);
    if (this.#ackPauses.has(generation)) return;
    this.send({ do: "ack", generation, seq });
    const pause = this.#parts.turns.later(() => this.#ackLate(generation, seq), ACK_EACH_MS);
    this.#ackPauses.set(generation, pause);
  }

  /** @param {string} generation @param {number} acked */
  #ackLate(generation, acked) {
    this.#ackPauses.delete(generation);
    if (this.seen(generation) > acked) this.#shownUpTo(generation, this.seen(generation));
  }

  /** Say again how far this page is; not more often than once a second, however much is missing. */
  #ask() {
    if (this.#askTimer) return;
    const { now, later } = this.#parts.turns;
    const wait = Math.max(0, this.#asked + ASK_EACH_MS - now());
    this.#askTimer = later(() => this.#askNow(), wait);
  }

  #askNow() {
    this.#askTimer = 0;
    if (!this.live) return;
    if (this.speaks) this.send(this.#greeting());
    else this.renew();
  }

  /** The server is ahead: normal for a moment, a lost wake-up when it stays so. @param {import("./frames.js").Heads} heads */
  #compare(heads) {
    const { cancel, later } = this.#parts.turns;
    cancel(this.#behindTimer);
    if (this.#cursors.behind(heads).length === 0) return;
    this.#behindTimer = later(() => this.#cursors.behind(heads).length && this.#ask(), BEHIND_MS);
  }

  /** @param {string} type @param {unknown} [detail] @returns {boolean} false if a listener has dealt with it */
  #emit(type, detail) {
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable: true }));
  }
}
