/**
 * What the page is doing, as one state machine. Everything that shows it (buttons, connection line, announcements)
 * listens to `change`; nothing else keeps a state of its own. Knows no DOM.
 */

/**
 * @typedef {"idle"|"sending"|"queued"|"loading"|"thinking"|"writing"|"tool"|"stopping"|"offline"|"error"} State
 * @typedef {"send"|"taken"|"refused"|"queued"|"loading"|"thinking"|"writing"|"tool"|"stop"|"ended"|"failed"|"lost"|"back"} Move
 */

/** @type {Partial<Record<Move, State>>} the answer's own phases may follow each other in any order */
const PHASES = { queued: "queued", loading: "loading", thinking: "thinking", writing: "writing", tool: "tool" };
/** @type {Partial<Record<Move, State>>} */
const ENDS = { ended: "idle", failed: "error", lost: "offline" };
const ANSWERING = { ...PHASES, ...ENDS, stop: /** @type {State} */ ("stopping") };

/** @type {Record<State, Partial<Record<Move, State>>>} what is not listed does not move */
export const MOVES = {
  idle: { ...PHASES, send: "sending", refused: "error", failed: "error", lost: "offline" },
  sending: { ...PHASES, ...ENDS, taken: "queued", refused: "error" },
  queued: ANSWERING,
  loading: ANSWERING,
  thinking: ANSWERING,
  writing: ANSWERING,
  tool: ANSWERING,
  stopping: { ...ENDS },
  offline: { back: "idle", refused: "offline" },
  error: { ...PHASES, ...ENDS, send: "sending" },
};

/** States in which there is something to stop. @type {ReadonlySet<State>} */
export const STOPPABLE = new Set(/** @type {State[]} */ (["queued", "loading", "thinking", "writing", "tool"]));

/** The state parts of an answer as the server names them → the move they mean. @type {Record<string, Move>} */
const SEEN = {
  queued: "queued",
  loading: "loading",
  reading: "loading",
  retrying: "loading",
  thinking: "thinking",
  writing: "writing",
  tool: "tool",
  completed: "ended",
  stopped: "ended",
  failed: "failed",
};

export class UIStateManager extends EventTarget {
  /** @type {State} */
  #state = "idle";

  get state() {
    return this.#state;
  }

  /** @param {Move} move @returns {boolean} whether the state changed */
  move(move) {
    const next = MOVES[this.#state][move];
    if (!next || next === this.#state) return false;
    const before = this.#state;
    this.#state = next;
    this.dispatchEvent(new CustomEvent("change", { detail: { before, state: next, move } }));
    return true;
  }

  /** The answer on the page says what it is doing. @param {string} dataState @returns {boolean} */
  see(dataState) {
    const move = SEEN[dataState];
    return move ? this.move(move) : false;
  }
}
