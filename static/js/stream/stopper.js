/** A wish to stop, repeated until the answer says that it has ended: the first word may fall into a gap of the network. */

export const REPEAT_AT_MS = [0, 300, 1_000, 3_000];

export class Stopper {
  /** @type {Map<string, number[]>} generation → timers */
  #wishes = new Map();
  #ask;
  #turns;

  /**
   * @param {(generation: string) => void} ask
   * @param {{later: (run: () => void, ms: number) => number, cancel: (id: number) => void}} turns
   */
  constructor(ask, turns) {
    this.#ask = ask;
    this.#turns = turns;
  }

  /** @param {string} generation */
  wants(generation) {
    return this.#wishes.has(generation);
  }

  /** @param {string} generation */
  stop(generation) {
    this.ended(generation);
    const timers = REPEAT_AT_MS.slice(1).map((ms) => this.#turns.later(() => this.#ask(generation), ms));
    this.#wishes.set(generation, timers);
    this.#ask(generation);
  }

  /** The connection is back: whoever was not heard says it again. */
  repeat() {
    for (const generation of Array.from(this.#wishes.keys())) this.stop(generation);
  }

  /** @param {string} generation */
  ended(generation) {
    for (const timer of this.#wishes.get(generation) ?? []) this.#turns.cancel(timer);
    this.#wishes.delete(generation);
  }

  clear() {
    for (const generation of Array.from(this.#wishes.keys())) this.ended(generation);
  }
}
