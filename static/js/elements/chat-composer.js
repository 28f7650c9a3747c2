/**
 * <chat-composer>: keys, draft and buttons of the form that it wraps. A prompt goes over the chat's socket where one is
 * open (`chat:send` is taken), else the form is posted as it is. The text leaves the field when the server has it.
 */
import { Draft } from "../lib/draft.js";
import { sends } from "../lib/keys.js";
import { textOf } from "../lib/text.js";
import { onSendStatus } from "../errors/handler.js";
import { Refusal } from "../ui/refusal.js";
import { chooseModel, closePicker } from "../ui/model-choice.js";

const TOUCH = "(hover: none) and (pointer: coarse)";

export class ChatComposer extends HTMLElement {
  static tag = "chat-composer";
  #connected = new AbortController();
  /** @type {Draft} */
  #draft = new Draft(localStorage, "");
  #refusal = new Refusal(this);
  #key = "";
  #state = "idle";
  #stoppable = false;

  connectedCallback() {
    this.#connected = new AbortController();
    this.#draft = new Draft(localStorage, document.querySelector("message-stream")?.getAttribute("data-chat") ?? "");
    this.#restore();
    this.#listen(this.#connected.signal);
    this.#show();
    document.dispatchEvent(new CustomEvent("chat:state-wanted")); // a stream that stands before it has spoken already
  }

  disconnectedCallback() {
    this.#connected.abort();
    this.#refusal.clear();
  }

  get #form() {
    return /** @type {HTMLFormElement} */ (this.querySelector("form"));
  }

  get #text() {
    return /** @type {HTMLTextAreaElement} */ (this.#form.elements.namedItem("text"));
  }

  /** @param {AbortSignal} signal */
  #listen(signal) {
    const on = { signal };
    this.addEventListener("keydown", (event) => this.#pressed(event), on);
    this.addEventListener("input", () => this.#typed(), on);
    this.addEventListener("change", (event) => chooseModel(event), on);
    this.addEventListener("click", (event) => closePicker(event), on);
    // Ahead of htmx, which listens on the form itself. Buttons elsewhere on the page may submit this form, too.
    this.addEventListener("submit", (event) => this.#submitted(event), { signal, capture: true });
    this.querySelector("[data-composer-stop]")?.addEventListener("click", () => this.#stop(), on);
    document.addEventListener("chat:state", (event) => this.#moved(detailOf(event)), on);
    document.addEventListener("chat:taken", (event) => this.#taken(detailOf(event).key), on);
    document.addEventListener("chat:refused", (event) => this.#refused(detailOf(event)), on);
    document.addEventListener("htmx:beforeRequest", (event) => this.#mine(event) && this.#sending(true), on);
    document.addEventListener("htmx:beforeOnLoad", (event) => this.#mine(event) && this.#answered(event), on);
    document.addEventListener("htmx:sendError", (event) => this.#mine(event) && this.#unreachable(), on);
  }

  /** @param {Event} event an event of htmx @returns {boolean} */
  #mine(event) {
    return detailOf(event).elt === this.#form;
  }

  #restore() {
    const { text, key } = this.#draft.read();
    const shown = Array.from(document.querySelectorAll("#messages .message--user .message__body")).at(-1);
    if (key && shown?.textContent?.trim() === text.trim()) this.#draft.clear();
    else if (text && !this.#text.value) this.#text.value = text;
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    if (event.target !== this.#text || !sends(event, { touch: matchMedia(TOUCH).matches })) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #typed() {
    this.#draft.write(this.#text.value);
    this.#refusal.clearUnlessCounting();
    this.#show();
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const { submitter } = event;
    if (submitter instanceof HTMLButtonElement && submitter.name === "suggestion") this.#text.value = submitter.value;
    const text = this.#text.value;
    if (!text.trim() || this.#key || this.#refusal.counting) return refuse(event);
    this.#key = this.#draft.keyFor(text);
    this.#fill("key", this.#key);
    this.#refusal.clear();
    const prompt = { key: this.#key, text, model: String(new FormData(this.#form).get("model") ?? "") };
    const request = new CustomEvent("chat:send", { cancelable: true, detail: prompt });
    if (document.dispatchEvent(request)) return; // nobody took it: the form goes its own way
    refuse(event);
    this.#sending(true);
  }

  /** @param {string} name @param {string} value */
  #fill(name, value) {
    const field = this.#form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = value;
  }

  /** @param {boolean} on */
  #sending(on) {
    this.#text.readOnly = on;
    this.toggleAttribute("data-sending", on);
    if (!on) this.#key = "";
    this.#show();
  }

  /** @param {string} key */
  #taken(key) {
    if (key !== this.#key) return;
    this.#draft.clear();
    this.#text.value = "";
    this.#sending(false);
  }

  /** @param {{key: string, reason: string, retryAfterS: number}} refusal */
  #refused({ key, reason, retryAfterS }) {
    if (key !== this.#key) return;
    this.#sending(false);
    this.#refusal.show(reason, retryAfterS);
    this.#text.focus();
  }

  /** The form's answer, before htmx acts on it. A refusal is said here, beside the text, and nowhere else. @param {Event} event */
  #answered(event) {
    /** @type {XMLHttpRequest} */
    const xhr = detailOf(event).xhr;
    if (xhr.status < 400) return this.#taken(this.#key);
    event.preventDefault();
    const retryAfterS = Number(xhr.getResponseHeader("Retry-After") ?? 0);
    const said = xhr.responseText.startsWith("<div") ? textOf(xhr.responseText) : "";
    this.#refused({ key: this.#key, reason: said || onSendStatus(xhr.status, retryAfterS).text, retryAfterS });
  }

  #unreachable() {
    this.#refused({ key: this.#key, reason: onSendStatus(0).text, retryAfterS: 0 });
  }

  #stop() {
    document.dispatchEvent(new CustomEvent("chat:stop", { cancelable: true }));
    this.#text.focus();
  }

  /** @param {{state: string, stoppable: boolean}} ui */
  #moved({ state, stoppable }) {
    this.#state = state;
    this.#stoppable = stoppable;
    this.#show();
  }

  /** Stop stands where Send is, unless there is something to send. */
  #show() {
    const stopping = this.#state === "stopping";
    const stop = this.querySelector("[data-composer-stop]");
    const send = this.querySelector(".composer__send");
    this.dataset.state = this.#state;
    if (!(stop instanceof HTMLButtonElement) || !(send instanceof HTMLElement)) return;
    stop.hidden = !this.#stoppable && !stopping;
    stop.ariaDisabled = String(stopping);
    stop.ariaLabel = stopping ? "Stopping…" : "Stop the answer";
    send.hidden = !stop.hidden && !this.#text.value.trim();
  }
}

/** @param {Event} event */
function refuse(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

/** @param {Event} event */
function detailOf(event) {
  return /** @type {CustomEvent} */ (event).detail;
}
