/** Reads from the page which answers are being written and which prompts stand there. Changes nothing. */

const DONE = new Set(["completed", "stopped", "failed"]);

/** @typedef {{article: HTMLElement, generation: string, state: string}} Answer */

/** @param {Element} article */
export function statusOf(article) {
  return document.getElementById(`${article.id}-status`);
}

/** @param {Element} article */
export function stateOf(article) {
  return statusOf(article)?.dataset.state ?? "";
}

/** @param {Element} messages @returns {Answer[]} in reading order */
export function openAnswers(messages) {
  return Array.from(messages.querySelectorAll("article[data-generation]"), (element) => {
    const article = /** @type {HTMLElement} */ (element);
    return { article, generation: article.dataset.generation ?? "", state: stateOf(article) };
  }).filter(({ state }) => state && !DONE.has(state));
}

/** @param {Element} messages @returns {Map<string, string>} article id → text */
export function prompts(messages) {
  const articles = Array.from(messages.querySelectorAll("article.message--user"));
  return new Map(articles.map(({ id }) => [id, document.getElementById(`${id}-body`)?.textContent ?? ""]));
}

/** The same prompt, however line ends and blanks at the ends were treated on the way. @param {string} a @param {string} b */
export function sameText(a, b) {
  return normal(a) === normal(b);
}

/** @param {string} text */
function normal(text) {
  return text.replace(/\r\n?/g, "\n").trim();
}
