/** How long to wait before the next attempt: soon the first time, then full jitter, so that a crowd does not return at once. */

export const FIRST_MS = 500;
export const LONGEST_MS = 20_000;
export const HEALTHY_MS = 30_000;

export class Backoff {
  #attempts = 0;
  #upSince = 0;
  #random;

  /** @param {() => number} [random] */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** The connection stands. @param {number} now */
  up(now) {
    this.#upSince = now;
  }

  /** The connection is gone; a long healthy life wipes the past. @param {number} now */
  down(now) {
    if (this.#upSince && now - this.#upSince >= HEALTHY_MS) this.#attempts = 0;
    this.#upSince = 0;
  }

  /** @returns {number} milliseconds */
  next() {
    const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#attempts, 10));
    this.#attempts += 1;
    return this.#random() * ceiling;
  }

  forgive() {
    this.#attempts = 0;
  }
}
