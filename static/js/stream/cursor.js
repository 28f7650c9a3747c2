/**
 * How far the page has got in each answer, and so what to do with a frame. Pure: no clock, no socket, no DOM.
 * A frame is a patch on the state before it, so one that does not fit exactly is never applied.
 */

/**
 * Read cursors in the form that fits into an address or an attribute: GEN.SEQ,GEN.SEQ
 * @param {string} written
 * @returns {import("./frames.js").Heads}
 */
export function readCursors(written) {
  const cursors = written.split(",").map((cursor) => cursor.trim().split("."));
  return Object.fromEntries(
    cursors.filter(([, seq]) => /^\d+$/.test(seq ?? "")).map(([generation, seq]) => [generation, Number(seq)]),
  );
}

/** @typedef {"apply" | "duplicate" | "gap"} Verdict */

export class Cursors {
  /** @type {Map<string, number>} */
  #have;

  /** @param {import("./frames.js").Heads} [start] what the server rendered */
  constructor(start = {}) {
    this.#have = new Map(Object.entries(start));
  }

  /** @param {import("./frames.js").Frame} frame @returns {Verdict} */
  judge({ type, generation = "", after = 0, seq = 0 }) {
    const have = this.#have.get(generation);
    if (type === "reset") return have === undefined || seq >= have ? "apply" : "duplicate";
    if (seq <= (have ?? -1)) return "duplicate";
    return after === (have ?? 0) ? "apply" : "gap";
  }

  /**
   * Judge a frame and, where it fits, move on. The cursor moves before anything is shown: a frame that waits for its
   * turn on the screen counts as had.
   * @param {import("./frames.js").Frame} frame
   * @returns {Verdict}
   */
  take(frame) {
    const verdict = this.judge(frame);
    if (verdict === "apply") this.#have.set(frame.generation ?? "", frame.seq ?? 0);
    return verdict;
  }

  /** Act as if this answer had never been seen: the server then sends it whole. @param {string} generation */
  forget(generation) {
    this.#have.delete(generation);
  }

  /** @param {import("./frames.js").Heads} heads @returns {string[]} answers of which the server has more */
  behind(heads) {
    return Object.keys(heads).filter((generation) => heads[generation] > (this.#have.get(generation) ?? 0));
  }

  /** @returns {import("./frames.js").Heads} */
  toJSON() {
    return Object.fromEntries(this.#have);
  }

  /** The form that `readCursors` reads. */
  toString() {
    return Array.from(this.#have, ([generation, seq]) => `${generation}.${seq}`).join(",");
  }
}
