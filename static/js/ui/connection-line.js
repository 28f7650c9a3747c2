/** The line that says the page is cut off from the server. Short breaks are nobody's business, so it waits a little. */

const PATIENCE_MS = 1_500;

export class ConnectionLine {
  #timer = 0;

  /** @param {EventTarget} manager @param {AbortSignal} signal */
  constructor(manager, signal) {
    manager.addEventListener("up", () => this.#up(), { signal });
    manager.addEventListener("down", () => this.#down(), { signal });
    manager.addEventListener("retrying", () => this.#down(), { signal });
    manager.addEventListener("refused", (event) => this.#say(/** @type {CustomEvent} */ (event).detail), { signal });
    window.addEventListener(
      "offline",
      () => this.#say("You are offline. What is being written goes on and will appear here."),
      { signal },
    );
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  #up() {
    this.#say("");
  }

  #down() {
    if (this.#timer) return;
    this.#timer = window.setTimeout(() => this.#say("Connection lost. Reconnecting…"), PATIENCE_MS);
  }

  /** @param {string} text */
  #say(text) {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const line = document.getElementById("connection");
    if (!line) return;
    (line.querySelector("[data-text]") ?? line).textContent = text;
    line.hidden = !text;
  }
}
