/** Why a prompt was not taken, said at the composer. After "too fast" it counts down; sending again is up to the person. */
import { tooFast } from "../errors/handler.js";

export class Refusal {
  #home;
  #timer = 0;
  #until = 0;

  /** @param {HTMLElement} home */
  constructor(home) {
    this.#home = home;
  }

  get counting() {
    return this.#until > Date.now();
  }

  /** @param {string} reason @param {number} retryAfterS */
  show(reason, retryAfterS) {
    this.clear();
    this.#until = Date.now() + retryAfterS * 1_000;
    this.#say(retryAfterS ? tooFast(retryAfterS) : reason);
    if (retryAfterS) this.#timer = window.setInterval(() => this.#count(), 1_000);
  }

  clear() {
    window.clearInterval(this.#timer);
    this.#until = 0;
    this.#line?.remove();
    this.#field?.removeAttribute("aria-invalid");
    this.#field?.removeAttribute("aria-describedby");
  }

  clearUnlessCounting() {
    if (!this.counting) this.clear();
  }

  get #line() {
    return this.#home.querySelector(".composer__error");
  }

  get #field() {
    return this.#home.querySelector("textarea");
  }

  #count() {
    const left = Math.ceil((this.#until - Date.now()) / 1_000);
    if (left <= 0) window.clearInterval(this.#timer);
    if (this.#line) this.#line.textContent = tooFast(left);
  }

  /** @param {string} text */
  #say(text) {
    const line = document.createElement("p");
    line.className = "composer__error";
    line.id = "composer-error";
    line.role = "alert";
    line.textContent = text;
    this.#home.querySelector("form")?.prepend(line);
    this.#field?.setAttribute("aria-invalid", "true");
    this.#field?.setAttribute("aria-describedby", line.id);
  }
}
