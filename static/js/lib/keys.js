/** What a key press means. Pure. */

/** @typedef {Pick<KeyboardEvent, "key"|"shiftKey"|"ctrlKey"|"metaKey"|"altKey"|"isComposing"|"keyCode">} Press */

/**
 * Enter sends; Shift+Enter breaks the line; while a word is being composed Enter belongs to the input method (which old
 * browsers tell by key code 229 only); on a touch keyboard, which has no Shift+Enter, Enter breaks.
 * @param {Press} press
 * @param {{touch: boolean}} device
 */
export function sends(press, { touch }) {
  if (press.key !== "Enter" || press.isComposing || press.keyCode === 229) return false;
  if (press.ctrlKey || press.metaKey) return true;
  return !press.shiftKey && !press.altKey && !touch;
}

/** @param {Press} press @param {{typing: boolean}} where @returns {"new"|"stop"|"compose"|null} */
export function shortcut(press, { typing }) {
  if (press.isComposing) return null;
  const command = press.ctrlKey || press.metaKey;
  if (command && press.shiftKey && press.key.toLowerCase() === "o") return "new";
  if (press.key === "Escape") return "stop";
  if (press.key === "/" && !typing && !command && !press.altKey) return "compose";
  return null;
}
