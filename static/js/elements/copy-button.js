/** <copy-button for="id">: copies the text of that element, or of the code it stands beside, and says that it did. */
import { Announcer } from "../ui/announcer.js";

const SHOWN_MS = 2_000;

export class CopyButton extends HTMLElement {
  static tag = "copy-button";
  #connected = new AbortController();
  #timer = 0;

  connectedCallback() {
    this.#connected = new AbortController();
    this.addEventListener("click", () => void this.#copy(), this.#connected);
  }

  disconnectedCallback() {
    this.#connected.abort();
    window.clearTimeout(this.#timer);
  }

  async #copy() {
    const done = await write(this.#text());
    this.dataset.copied = done ? "yes" : "no";
    new Announcer().say(done ? "Copied." : "The browser did not allow copying.");
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => delete this.dataset.copied, SHOWN_MS);
  }

  #text() {
    const id = this.getAttribute("for");
    const source = id ? document.getElementById(id) : this.#code();
    if (!(source instanceof HTMLElement)) return "";
    return (
      source.dataset.source ?? (source.matches("pre, code") ? (source.textContent ?? "") : source.innerText).trimEnd()
    );
  }

  #code() {
    return this.closest("pre, figure, .code")?.querySelector("code") ?? this.parentElement?.querySelector("pre");
  }
}

/** @param {string} text @returns {Promise<boolean>} */
async function write(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return writeByCommand(text); // no clipboard where the page is not served securely
  }
}

/** @param {string} text */
function writeByCommand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  return done;
}
