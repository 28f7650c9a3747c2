/** Short notices: closed by hand or, when nothing is to be done about them, by themselves; never under pointer or focus. */

const QUIET_MS = 8_000;
const UNDO_MS = 20_000;

export function tendToasts() {
  const home = document.getElementById("toasts");
  if (!home) return;
  home.addEventListener("click", closeOnRequest);
  new MutationObserver((records) => records.forEach(({ addedNodes }) => addedNodes.forEach(expire))).observe(home, {
    childList: true,
  });
  home.childNodes.forEach(expire);
}

/** @param {Event} event */
function closeOnRequest({ target }) {
  if (target instanceof Element && target.closest("[data-close]")) target.closest("[data-toast]")?.remove();
}

/** @param {Node} toast */
function expire(toast) {
  if (!(toast instanceof HTMLElement) || !toast.matches("[data-toast]")) return;
  const ms = toast.querySelector("[hx-post]") ? UNDO_MS : QUIET_MS;
  const leave = () => (toast.matches(":hover, :focus-within") ? window.setTimeout(leave, ms) : toast.remove());
  window.setTimeout(leave, ms);
}
