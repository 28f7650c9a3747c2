/** What a screen reader is told of a finished block: text as it is, code and tables by their size. */

/** @param {Element} block @returns {string} */
export function spoken(block) {
  const code = block.matches("pre") ? block : block.querySelector("pre");
  if (code) return `Code, ${count(lines(code.textContent ?? ""), "line")}.`;
  const table = block.matches("table") ? block : block.querySelector("table");
  if (table) return `Table, ${count(table.querySelectorAll("tr").length, "row")}.`;
  return (block.textContent ?? "").replace(/\s+/g, " ").trim();
}

/** @param {string} text */
function lines(text) {
  return text.replace(/\n$/, "").split("\n").length;
}

/** @param {number} number @param {string} noun */
function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
