/**
 * From a frame's HTML to the page: the only stream module that touches the DOM. Everything goes through htmx, so that
 * attributes inside the fragments work. Repeats do no harm: what is on the page already is replaced, not added.
 */
import { markSelection, restoreSelection } from "../lib/selection.js";

const NO_WAITING = { swapStyle: /** @type {const} */ ("none"), swapDelay: 0, settleDelay: 0, ignoreTitle: true };

export class Page {
  #messages;
  /** @type {Map<string, boolean>} what the reader has opened or closed by hand */
  #folds = new Map();
  #listening = new AbortController();

  /** @param {HTMLElement} messages */
  constructor(messages) {
    this.#messages = messages;
    messages.addEventListener("click", (event) => this.#fold(event), this.#listening);
  }

  /**
   * Apply out-of-band fragments at once.
   * @param {string} html
   * @returns {boolean} false if a fragment did not fit the page
   */
  show(html) {
    let fits = true;
    const misfit = () => (fits = false);
    const mark = markSelection(this.#messages);
    document.body.addEventListener("htmx:oobErrorNoTarget", misfit);
    try {
      htmx.swap(this.#messages, withoutRepeats(html), NO_WAITING);
    } catch (error) {
      console.error(error);
      misfit();
    } finally {
      document.body.removeEventListener("htmx:oobErrorNoTarget", misfit);
    }
    this.#keepFolds();
    restoreSelection(mark);
    return fits;
  }

  close() {
    this.#listening.abort();
  }

  /** @param {Event} event */
  #fold(event) {
    const details = event.target instanceof Element && event.target.closest("summary")?.parentElement;
    if (details instanceof HTMLDetailsElement && details.id) this.#folds.set(details.id, !details.open);
  }

  #keepFolds() {
    for (const [id, open] of this.#folds) {
      const details = document.getElementById(id);
      if (details instanceof HTMLDetailsElement && details.open !== open) details.open = open;
    }
  }
}

/**
 * Let the addition of a message that is there already replace it in place, the replacement of one that is not there add
 * it, and take away in silence what is gone. Most frames are nothing of this and go through unread.
 * @param {string} html
 */
function withoutRepeats(html) {
  if (!/<article|"delete"/.test(html)) return html;
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const part of Array.from(template.content.children)) {
    if (part.matches("[hx-swap-oob^=beforeend]")) replaceRepeats(part);
    else if (part.matches("[hx-swap-oob=delete]") && !mayGo(document.getElementById(part.id))) part.remove();
    else if (part.matches("article[hx-swap-oob=true]") && !document.getElementById(part.id)) wrapAsAddition(part);
  }
  return template.innerHTML;
}

/** @param {Element} addition */
function replaceRepeats(addition) {
  const additions = addition instanceof HTMLTemplateElement ? addition.content : addition;
  const repeats = Array.from(additions.children).filter(({ id }) => id && document.getElementById(id));
  for (const repeat of repeats) repeat.setAttribute("hx-swap-oob", "true");
  addition.before(...repeats);
  if (!additions.childElementCount) addition.remove();
}

/** @param {Element} article */
function wrapAsAddition(article) {
  const addition = document.createElement("div");
  addition.setAttribute("hx-swap-oob", "beforeend:#messages");
  article.removeAttribute("hx-swap-oob");
  article.replaceWith(addition);
  addition.append(article);
}

/**
 * What is there may go, unless its own request to go is still under way: htmx looks for the targets of the answer
 * from the button that asked, and finds none from one that is gone. The answer takes it away itself.
 * @param {Element | null} element
 */
function mayGo(element) {
  return element !== null && !element.querySelector(".htmx-request");
}
