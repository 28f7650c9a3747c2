/** Shows the chosen model on the picker's button and, when it was chosen with a pointer, closes the picker. */

/** @param {Event} event a change anywhere in the composer */
export function chooseModel({ target }) {
  if (!(target instanceof HTMLInputElement) || target.name !== "model") return;
  const name = document.getElementById("model-name");
  if (name) name.textContent = target.value;
  const popover = target.closest("[popover]");
  const button = document.querySelector(`[popovertarget="${popover?.id}"]`);
  if (button) button.ariaLabel = `Model: ${target.value}`;
}

/** A click chooses and closes; the arrow keys of a radio group only choose. @param {PointerEvent | MouseEvent} event */
export function closePicker(event) {
  if (!(event.target instanceof HTMLInputElement) || event.target.name !== "model" || event.detail === 0) return;
  const popover = event.target.closest("[popover]");
  if (popover instanceof HTMLElement) popover.hidePopover();
}
