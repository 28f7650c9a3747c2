/** The words of a fragment, without its markup. */

/** @param {string} html @returns {string} */
export function textOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return (template.content.textContent ?? "").replace(/\s+/g, " ").trim();
}
