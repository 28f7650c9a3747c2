/** <elapsed-time since="ISO 8601">: counts up, once a second, for as long as it is on the page. */
import { duration } from "../lib/time.js";

export class ElapsedTime extends HTMLElement {
  static tag = "elapsed-time";
  #timer = 0;

  connectedCallback() {
    this.#show();
    this.#timer = window.setInterval(() => this.#show(), 1_000);
  }

  disconnectedCallback() {
    window.clearInterval(this.#timer);
  }

  #show() {
    const since = Date.parse(this.getAttribute("since") ?? "");
    this.textContent = Number.isNaN(since) ? "" : duration((Date.now() - since) / 1_000);
  }
}
