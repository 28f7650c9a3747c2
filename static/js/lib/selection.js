/** Keeps what the reader has marked across a swap: as text offsets inside the nearest element that has an id. */

/** @typedef {{id: string, start: number, end: number}} Mark */

/** @param {Element} root @returns {Mark | null} */
export function markSelection(root) {
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
  const range = selection.getRangeAt(0);
  const common = range.commonAncestorContainer;
  if (!root.contains(common)) return null;
  const home = (common instanceof Element ? common : common.parentElement)?.closest("[id]");
  if (!home) return null;
  const before = document.createRange();
  before.setStart(home, 0);
  before.setEnd(range.startContainer, range.startOffset);
  const start = before.toString().length;
  return { id: home.id, start, end: start + range.toString().length };
}

/** Mark the same text again if the swap has taken the marking away. @param {Mark | null} mark */
export function restoreSelection(mark) {
  const selection = document.getSelection();
  const home = mark && document.getElementById(mark.id);
  if (!home || !selection || selection.toString().length === mark.end - mark.start) return;
  const from = locate(home, mark.start);
  const to = locate(home, mark.end);
  if (from && to) selection.setBaseAndExtent(...from, ...to);
}

/** @param {Node} home @param {number} offset @returns {[Node, number] | null} */
function locate(home, offset) {
  const texts = document.createTreeWalker(home, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const { length } = /** @type {Text} */ (node);
    if (offset <= length) return [node, offset];
    offset -= length;
  }
  return null;
}
