/** Speaks to screen readers through the page's polite live region: whole blocks and outcomes, never single tokens. */
import { spoken } from "../lib/spoken.js";

const KEPT = 8;
const OUTCOMES = new Map([
  ["completed", "Answer complete."],
  ["stopped", "Stopped."],
]);

export class Announcer {
  /** @type {Map<string, number>} article id → blocks said */
  #said = new Map();

  /** @param {string} text */
  say(text) {
    const region = document.getElementById("announcer");
    if (!region || !text) return;
    const line = document.createElement("p");
    line.textContent = text;
    region.append(line);
    while (region.childElementCount > KEPT) region.firstElementChild?.remove();
  }

  /** Regard what is there as read: the page was just loaded. @param {Element} article */
  skip(article) {
    this.#said.set(article.id, blocksOf(article).length);
  }

  /** Say the blocks that are finished: all but the last, which still grows. @param {Element} article */
  follow(article) {
    this.#sayUpTo(article, blocksOf(article).length - 1);
  }

  /** @param {Element} article @param {Element | null} status */
  finish(article, status) {
    this.#sayUpTo(article, blocksOf(article).length);
    const state = status?.getAttribute("data-state") ?? "";
    this.say(OUTCOMES.get(state) ?? status?.querySelector(".status__text")?.textContent ?? "");
    this.#said.delete(article.id);
  }

  /** @param {Element} article @param {number} end */
  #sayUpTo(article, end) {
    const said = this.#said.get(article.id) ?? 0;
    if (end <= said) return;
    for (const block of blocksOf(article).slice(said, end)) this.say(spoken(block));
    this.#said.set(article.id, end);
  }
}

/** @param {Element} article */
function blocksOf(article) {
  return Array.from(document.getElementById(`${article.id}-body`)?.children ?? []);
}
