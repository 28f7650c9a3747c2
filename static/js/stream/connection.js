/**
 * One live link to the server at a time: chooses the transport, notices silence, comes back. A WebSocket where it can be
 * had, else server-sent events with the socket tried again each minute. What flows through it is not its business.
 */
import { onClose, onStreamStatus } from "../errors/handler.js";
import { Backoff } from "./backoff.js";

export const SILENCE_MS = 35_000;
export const HELLO_MS = 5_000;
export const SOCKET_AGAIN_MS = 60_000;
const SOCKET_TRIES = 2;

/**
 * @typedef {object} Wiring
 * @property {(on: import("./websocket.js").LinkEvents) => import("./websocket.js").Link} socket
 * @property {(on: import("./websocket.js").LinkEvents) => import("./websocket.js").Link} events
 * @property {() => object} greeting  the verb that opens a socket
 * @property {(frame: import("./frames.js").Frame) => void} frame
 * @property {(first: boolean) => void} up
 * @property {() => void} down
 * @property {() => void} retrying
 * @property {(text: string) => void} refused  it will not come back by itself
 * @property {() => number} now
 * @property {(run: () => void, ms: number) => number} later
 * @property {(id: number) => void} cancel
 * @property {() => number} [random]
 */

export class Connection {
  /** @type {import("./websocket.js").Link | null} */
  #link = null;
  /** @type {import("./websocket.js").Link | null} a socket being tried while events still flow */
  #trial = null;
  #number = 0;
  #mode = /** @type {"socket" | "events"} */ ("socket");
  #failures = 0;
  #everUp = false;
  #live = false;
  #wanted = false;
  #heardAt = 0;
  #rotateMs = -1;
  #timers = { retry: 0, silence: 0, socket: 0 };
  #wiring;
  #backoff;

  /** @param {Wiring} wiring */
  constructor(wiring) {
    this.#wiring = wiring;
    this.#backoff = new Backoff(wiring.random);
  }

  /** True while frames can arrive. */
  get live() {
    return this.#live;
  }

  /** True where verbs go through this link (or will, once it is back); events only receive. */
  get speaks() {
    return this.#wanted && this.#mode === "socket";
  }

  start() {
    this.#wanted = true;
    this.#connect();
  }

  stop() {
    this.#wanted = false;
    this.#hangUp();
  }

  /** @param {object} verb @returns {boolean} whether it left */
  send(verb) {
    return this.#live && this.#mode === "socket" && (this.#link?.send(verb) ?? false);
  }

  /** The page is hidden: a stream of events holds one of the browser's few connections, so it is given back. */
  hide() {
    if (this.#wanted && this.#mode === "events") this.#hangUp();
  }

  /** Hang up until `wake`: the page goes to the back/forward cache. */
  park() {
    this.#hangUp();
  }

  /** The page is looked at again: connect at once unless the link has lately been heard. */
  wake() {
    if (!this.#wanted) return;
    const silent = this.#wiring.now() - this.#heardAt > SILENCE_MS;
    if (!this.#link || silent) this.renew();
  }

  /** Connect afresh at once, whatever there was: the network has changed. */
  renew() {
    if (!this.#wanted) return;
    this.#backoff.forgive();
    this.#lose();
    this.#connect();
  }

  #connect() {
    this.#hangUp();
    const number = ++this.#number;
    this.#heardAt = this.#wiring.now();
    this.#link = this.#wiring[this.#mode](this.#listeners(number));
    this.#listenFor(HELLO_MS);
    if (this.#mode === "events") this.#trySocketLater();
  }

  /**
   * What an older link still says is not listened to.
   * @param {number} number
   * @returns {import("./websocket.js").LinkEvents}
   */
  #listeners(number) {
    const current = () => number === this.#number;
    return {
      open: () => current() && this.#opened(),
      alive: () => current() && this.#alive(),
      frame: (frame) => current() && this.#frame(frame),
      close: (end) => current() && this.#closed(end),
    };
  }

  #opened() {
    if (this.#mode === "socket") this.#link?.send(this.#wiring.greeting());
  }

  #alive() {
    this.#heardAt = this.#wiring.now();
    this.#listenFor(this.#live ? SILENCE_MS : HELLO_MS);
  }

  /** @param {import("./frames.js").Frame} frame */
  #frame(frame) {
    if (!this.#live) this.#established();
    if (frame.type === "rotate") this.#rotateMs = frame.after_ms ?? 0;
    this.#wiring.frame(frame);
  }

  #established() {
    const first = !this.#everUp;
    this.#live = this.#everUp = true;
    this.#failures = 0;
    this.#backoff.up(this.#wiring.now());
    this.#listenFor(SILENCE_MS);
    this.#wiring.up(first);
  }

  /** @param {{code: number, status?: number}} end */
  #closed({ code, status }) {
    const decision = this.#mode === "events" ? onStreamStatus(status ?? 0) : onClose(code);
    const planned = this.#rotateMs;
    const wasLive = this.#live;
    this.#hangUp();
    if (!decision.retry) {
      this.#wanted = false;
      this.#wiring.down();
      this.#wiring.refused(decision.text);
      return;
    }
    if (wasLive) this.#lost();
    else this.#changeTransport();
    this.#retryIn(planned >= 0 ? planned : this.#backoff.next());
  }

  /** Two sockets that never said hello: something on the way does not let them through. */
  #changeTransport() {
    this.#failures += 1;
    if (this.#mode === "events") this.#mode = "socket";
    else if (this.#failures >= SOCKET_TRIES) this.#mode = "events";
  }

  /** @param {number} ms */
  #retryIn(ms) {
    this.#wiring.cancel(this.#timers.retry);
    this.#timers.retry = this.#wiring.later(() => {
      this.#wiring.retrying();
      this.#connect();
    }, ms);
  }

  /** @param {number} ms */
  #listenFor(ms) {
    this.#wiring.cancel(this.#timers.silence);
    this.#timers.silence = this.#wiring.later(() => this.#silent(), ms);
  }

  #silent() {
    // A socket that opens and then says nothing is as good as none: do not wait for a second one.
    if (!this.#live && this.#mode === "socket") this.#failures = SOCKET_TRIES - 1;
    this.#closed({ code: 0 });
  }

  #trySocketLater() {
    this.#wiring.cancel(this.#timers.socket);
    this.#timers.socket = this.#wiring.later(() => this.#trySocket(), SOCKET_AGAIN_MS);
  }

  #trySocket() {
    const listeners = { alive() {}, frame() {}, open: () => this.#adopt(), close: () => this.#giveUpTrial() };
    this.#trial = this.#wiring.socket(listeners);
  }

  /** The socket opens after all: the events end first, so that two streams never run at once. */
  #adopt() {
    this.#giveUpTrial();
    this.#mode = "socket";
    this.#failures = SOCKET_TRIES - 1;
    this.#lose({ quietly: true });
    this.#connect();
  }

  #giveUpTrial() {
    this.#trial?.close();
    this.#trial = null;
    if (this.#mode === "events") this.#trySocketLater();
  }

  #lost() {
    this.#backoff.down(this.#wiring.now());
    this.#wiring.down();
  }

  /** @param {{quietly?: boolean}} [options] */
  #lose({ quietly = false } = {}) {
    const wasLive = this.#live;
    this.#hangUp();
    if (wasLive && !quietly) this.#lost();
  }

  #hangUp() {
    this.#number += 1;
    this.#link?.close();
    this.#trial?.close();
    this.#link = this.#trial = null;
    this.#live = false;
    this.#rotateMs = -1;
    for (const timer of Object.values(this.#timers)) this.#wiring.cancel(timer);
  }
}
