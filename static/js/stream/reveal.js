/**
 * The queue between the network and the screen: keeps order, paces what is shown, never holds a piece longer than
 * `LIMIT_MS`. A hidden page has no animation frames, so there everything is shown at once.
 */
import { LIMIT_MS, due } from "./pacing.js";

/**
 * @typedef {object} Turns  the browser's clockwork, handed in so that tests can turn it by hand
 * @property {() => number} now
 * @property {(run: () => void) => number} nextFrame
 * @property {(id: number) => void} cancelFrame
 * @property {(run: () => void, ms: number) => number} later
 * @property {(id: number) => void} cancel
 * @property {() => boolean} hidden
 */

/** @template {{generation?: string}} Item */
export class Reveal {
  /** @type {{item: Item, at: number}[]} */
  #waiting = [];
  #show;
  #turns;
  #frame = 0;
  #timer = 0;
  #last = 0;

  /** @param {(item: Item) => void} show @param {Turns} turns */
  constructor(show, turns) {
    this.#show = show;
    this.#turns = turns;
  }

  /** @param {Item} item */
  push(item) {
    this.#waiting.push({ item, at: this.#turns.now() });
    if (this.#turns.hidden()) this.flush();
    else this.#schedule();
  }

  /** Show everything now. */
  flush() {
    this.#stop();
    while (this.#waiting.length) this.#next();
  }

  /** Throw away what waits of one answer. @param {string} generation */
  drop(generation) {
    this.#waiting = this.#waiting.filter(({ item }) => item.generation !== generation);
  }

  clear() {
    this.#stop();
    this.#waiting = [];
  }

  #schedule() {
    if (this.#frame) return;
    this.#last = this.#turns.now();
    this.#frame = this.#turns.nextFrame(() => this.#turn());
    // A covered window may stop giving frames without being "hidden".
    this.#timer = this.#turns.later(() => this.flush(), LIMIT_MS);
  }

  #turn() {
    this.#stop();
    const now = this.#turns.now();
    const turnMs = Math.min(100, Math.max(4, now - this.#last));
    let count = due(
      this.#waiting.map(({ at }) => at),
      now,
      turnMs,
    );
    while (count-- > 0 && this.#waiting.length) this.#next();
    if (this.#waiting.length) this.#schedule();
  }

  #next() {
    const next = this.#waiting.shift();
    if (next) this.#show(next.item);
  }

  #stop() {
    if (this.#frame) this.#turns.cancelFrame(this.#frame);
    if (this.#timer) this.#turns.cancel(this.#timer);
    this.#frame = this.#timer = 0;
  }
}
