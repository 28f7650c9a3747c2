/** The few keys that work anywhere on the page: Ctrl/Cmd+Shift+O new chat, Esc stops the answer, / goes to the composer. */
import { shortcut } from "../lib/keys.js";

const TYPING = "input, textarea, select, [contenteditable]";

export function listenForShortcuts() {
  document.addEventListener("keydown", pressed);
}

/** @param {KeyboardEvent} event */
function pressed(event) {
  const target = event.target instanceof Element ? event.target : document.body;
  const wish = shortcut(event, { typing: target.matches(TYPING) });
  if (wish && run(wish, target)) event.preventDefault();
}

/** @param {"new"|"stop"|"compose"} wish @param {Element} target @returns {boolean} whether something was done */
function run(wish, target) {
  if (wish === "stop") return stop(target);
  const goal = document.querySelector(wish === "new" ? ".sidebar__new, .thread__new" : "#composer-text");
  if (!(goal instanceof HTMLElement)) return false;
  if (wish === "new") goal.click();
  else goal.focus();
  return true;
}

/** Esc closes an open menu first; that is the browser's own doing. @param {Element} target */
function stop(target) {
  if (document.querySelector(".popover:popover-open, dialog[open]")) return false;
  if (target !== document.body && !target.matches("#composer-text")) return false;
  return !document.dispatchEvent(new CustomEvent("chat:stop", { cancelable: true }));
}
