/**
 * Keeps lists free of repeats: what is put into a list a second time leaves its old place first, be it sent by the stream
 * or with the answer to a form. So the chat that was touched last moves to the top.
 */

export function keepEntriesSingle() {
  document.addEventListener("htmx:oobBeforeSwap", beforeSwap);
}

/** @param {Event} event */
function beforeSwap(event) {
  const { target, fragment } = /** @type {CustomEvent<{target: Element, fragment: ParentNode}>} */ (event).detail;
  for (const entry of Array.from(fragment.children)) {
    const now = entry.id ? document.getElementById(entry.id) : null;
    if (now?.parentElement !== target) continue;
    // Somebody is at it: a menu or a title being edited stays where it is.
    if (now.matches(":focus-within")) entry.remove();
    else now.remove();
  }
}
