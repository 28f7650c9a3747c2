/** <message-stream data-chat data-socket data-events>: a chat that is being watched. The stream lives as long as the element. */
import { ErrorHandler } from "../errors/handler.js";
import { browserTurns } from "../lib/turns.js";
import { Page } from "../stream/apply.js";
import { readCursors } from "../stream/cursor.js";
import { StreamManager } from "../stream/manager.js";
import { openEventStream } from "../stream/sse.js";
import { openWebSocket } from "../stream/websocket.js";
import { ConnectionLine } from "../ui/connection-line.js";
import { Conversation } from "../ui/conversation.js";

const REPORT_EACH_MS = 60_000;

export class MessageStream extends HTMLElement {
  static tag = "message-stream";
  /** @type {StreamManager | null} */
  manager = null;
  #connected = new AbortController();
  #errors = new ErrorHandler();

  connectedCallback() {
    const messages = this.querySelector("#messages");
    if (!(messages instanceof HTMLElement)) return;
    this.#connected = new AbortController();
    this.#watch(this.dataset.chat ?? "", messages, this.#connected.signal);
  }

  disconnectedCallback() {
    this.#connected.abort();
    this.manager?.stop();
    this.manager = null;
  }

  /** @param {string} chat @param {HTMLElement} messages @param {AbortSignal} signal */
  #watch(chat, messages, signal) {
    const page = new Page(messages);
    const manager = new StreamManager({
      chat,
      cursors: this.#cursors(),
      show: (html) => page.show(html),
      last: () => lastOf(messages),
      errors: this.#errors,
      turns: browserTurns,
      socket: (on) => openWebSocket(this.#address(this.dataset.socket ?? "/ws/chat/"), on),
      events: (progress, on) => openEventStream(this.#eventsAddress(progress), on),
    });
    this.manager = manager;
    new ConnectionLine(manager, signal);
    new Conversation({ chat, messages, manager, turns: browserTurns }, signal);
    this.#listen(manager, signal);
    const report = setInterval(() => this.#report(), REPORT_EACH_MS);
    signal.addEventListener("abort", () => {
      page.close();
      clearInterval(report);
    });
    manager.start();
  }

  /** @param {StreamManager} manager @param {AbortSignal} signal */
  #listen(manager, signal) {
    const seen = () => (document.hidden ? manager.hide() : manager.wake());
    document.addEventListener("visibilitychange", seen, { signal });
    document.addEventListener("resume", () => manager.wake(), { signal });
    document.addEventListener("htmx:afterRequest", () => manager.live || manager.wake(), { signal });
    window.addEventListener("online", () => manager.renew(), { signal });
    window.addEventListener("pagehide", () => this.#leave(manager), { signal });
    window.addEventListener("pageshow", ({ persisted }) => persisted && manager.wake(), { signal });
  }

  /** An open socket would keep the page out of the back/forward cache. @param {StreamManager} manager */
  #leave(manager) {
    this.#report({ last: true });
    manager.park();
  }

  /** @param {{last?: boolean}} [options] */
  #report(options) {
    const counts = this.#errors.report(Date.now(), options);
    if (!counts) return;
    const sent = this.manager?.send({ do: "report", ...counts });
    if (!sent && this.dataset.report) navigator.sendBeacon(this.dataset.report, JSON.stringify(counts));
  }

  /** @returns {Record<string, number>} how far the server had rendered the open answers */
  #cursors() {
    return readCursors(this.dataset.cursors ?? "");
  }

  /** @param {string} path */
  #address(path) {
    const url = new URL(path, location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
  }

  /** @param {Record<string, string>} progress */
  #eventsAddress(progress) {
    const url = new URL(this.dataset.events ?? `/chat/${this.dataset.chat}/stream`, location.href);
    url.search = new URLSearchParams(progress).toString();
    return url.href;
  }
}

/**
 * Name the last message shown and, for an answer, the generation that wrote it: tried again elsewhere, an answer has
 * the same message and another text.
 * @param {Element} messages
 */
function lastOf(messages) {
  const article = /** @type {HTMLElement | null} */ (messages.lastElementChild);
  if (!article) return "";
  const message = article.id.replace("message-", "");
  return article.dataset.generation ? `${message}.${article.dataset.generation}` : message;
}
