/**
 * What a person does in a chat and what the page shows of it: joins the stream, the state machine, the outbox and the
 * announcer. The composer talks to it by events on the document (`chat:send`, `chat:stop`) and hears `chat:state`,
 * `chat:taken` and `chat:refused`.
 */
import { Outbox } from "../stream/outbox.js";
import { Stopper } from "../stream/stopper.js";
import { Announcer } from "./announcer.js";
import { textOf } from "../lib/text.js";
import { openAnswers, prompts, sameText, stateOf, statusOf } from "./answers.js";
import { STOPPABLE, UIStateManager } from "./state.js";

/**
 * @typedef {import("../stream/frames.js").Frame} Frame
 *
 * @typedef {object} Parts
 * @property {string} chat
 * @property {HTMLElement} messages
 * @property {import("../stream/manager.js").StreamManager} manager
 * @property {import("../stream/reveal.js").Turns} turns
 */

export class Conversation {
  ui = new UIStateManager();
  #announcer = new Announcer();
  /** @type {Map<string, HTMLElement>} the answers that were open when last looked at */
  #open = new Map();
  /** @type {Set<string>} prompts that were there before the one on its way */
  #known = new Set();
  #parts;
  #outbox;
  #stopper;

  /** @param {Parts} parts @param {AbortSignal} signal */
  constructor(parts, signal) {
    this.#parts = parts;
    this.#outbox = new Outbox(parts.chat, {
      ...parts.turns,
      send: (verb) => parts.manager.send(verb),
      taken: ({ key }) => this.#taken(key),
      refused: ({ key }, reason, retryAfterS) => this.#refused(key, reason, retryAfterS),
    });
    this.#stopper = new Stopper((generation) => this.#askToStop(generation), parts.turns);
    this.#listen(signal);
    for (const { article } of openAnswers(parts.messages)) this.#announcer.skip(article);
    this.#look();
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    const { manager, messages } = this.#parts;
    const tellState = () => this.#tell("chat:state", { state: this.ui.state });
    this.ui.addEventListener("change", tellState, { signal });
    document.addEventListener("chat:state-wanted", tellState, { signal });
    manager.addEventListener("up", () => this.#up(), { signal });
    manager.addEventListener("down", () => this.ui.move("lost"), { signal });
    manager.addEventListener("frame", (event) => this.#heard(event), { signal });
    manager.addEventListener("shown", () => this.#look(), { signal });
    document.addEventListener("chat:send", (event) => this.#send(/** @type {CustomEvent} */ (event)), { signal });
    document.addEventListener("chat:stop", (event) => this.#stopFirst(event), { signal });
    messages.addEventListener("click", (event) => this.#clicked(event), { signal, capture: true });
    signal.addEventListener("abort", () => this.#stopper.clear());
  }

  #up() {
    this.ui.move("back");
    this.#look();
    this.#outbox.repeat();
    this.#stopper.repeat();
  }

  /** An error while a prompt is on its way is the answer to it: the composer says it, where the text stands. @param {Event} event */
  #heard(event) {
    const { type, code = "", html = "", retry_after = 0 } = /** @type {CustomEvent<Frame>} */ (event).detail;
    if (type !== "error" || !this.#outbox.waiting) return;
    event.preventDefault();
    this.#outbox.refuse(textOf(html) || code, retry_after);
  }

  /** @param {CustomEvent} event */
  #send(event) {
    if (!this.#parts.chat || !this.#parts.manager.speaks) return; // the first prompt makes the chat: a form does that
    event.preventDefault();
    this.#known = new Set(prompts(this.#parts.messages).keys());
    this.ui.move("send");
    this.#outbox.put(event.detail);
  }

  /** @param {string} key */
  #taken(key) {
    this.ui.move("taken");
    this.#tell("chat:taken", { key });
    this.#look();
  }

  /** @param {string} key @param {string} reason @param {number} retryAfterS */
  #refused(key, reason, retryAfterS) {
    this.ui.move("refused");
    this.#tell("chat:refused", { key, reason, retryAfterS });
    this.#announcer.say(reason);
  }

  /** @param {Event} event */
  #stopFirst(event) {
    const [first] = openAnswers(this.#parts.messages);
    if (!first) return;
    event.preventDefault();
    this.#stop(first.generation);
  }

  /** A Stop button inside an answer: over the socket it carries how far the reader has seen. @param {Event} event */
  #clicked(event) {
    const button = event.target instanceof Element ? event.target.closest("[data-do=stop]") : null;
    const article = button?.closest("article");
    if (!article?.dataset.generation) return;
    event.preventDefault();
    event.stopPropagation();
    this.#stop(article.dataset.generation);
  }

  /** @param {string} generation */
  #stop(generation) {
    const [first] = openAnswers(this.#parts.messages);
    if (first?.generation === generation) this.ui.move("stop");
    this.#stopper.stop(generation);
  }

  /** @param {string} generation */
  #askToStop(generation) {
    const { manager } = this.#parts;
    if (manager.send({ do: "stop", generation, seen: manager.seen(generation) })) return;
    const answer = openAnswers(this.#parts.messages).find((open) => open.generation === generation);
    const url = answer?.article.querySelector("[data-do=stop]")?.getAttribute("formaction");
    if (url) void htmx.ajax("POST", url, { swap: "none", source: answer?.article });
  }

  /** See what the page says now. */
  #look() {
    this.#confirm();
    const open = openAnswers(this.#parts.messages);
    for (const [generation, article] of this.#open) {
      if (!open.some((answer) => answer.generation === generation)) this.#finished(generation, article);
    }
    this.#open = new Map(open.map(({ generation, article }) => [generation, article]));
    for (const { article } of open) this.#announcer.follow(article);
    if (open.length) this.ui.see(open[0].state);
  }

  /** @param {string} generation @param {HTMLElement} article */
  #finished(generation, article) {
    this.#stopper.ended(generation);
    const now = document.getElementById(article.id) ?? article;
    this.ui.see(stateOf(now) || "completed");
    this.#announcer.finish(now, statusOf(now));
  }

  #confirm() {
    const { waiting } = this.#outbox;
    if (!waiting) return;
    for (const [id, text] of prompts(this.#parts.messages)) {
      if (!this.#known.has(id) && sameText(text, waiting.text)) return this.#outbox.confirm();
    }
  }

  /** @param {string} type @param {object} detail */
  #tell(type, detail) {
    document.dispatchEvent(new CustomEvent(type, { detail: { ...detail, stoppable: STOPPABLE.has(this.ui.state) } }));
  }
}
