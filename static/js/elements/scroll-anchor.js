/**
 * <scroll-anchor>: keeps the end in view while the reader is at the end, and only then. Whoever scrolls up is left in peace
 * and gets a button back to the end.
 */

const NEAR_PX = 32;

export class ScrollAnchor extends HTMLElement {
  static tag = "scroll-anchor";
  #connected = new AbortController();
  #following = true;
  #top = 0;

  connectedCallback() {
    this.#connected = new AbortController();
    const { signal } = this.#connected;
    const pane = this.#pane;
    pane.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    pane.addEventListener("wheel", (event) => this.#wheeled(/** @type {WheelEvent} */ (event)), {
      signal,
      passive: true,
    });
    pane.addEventListener("toggle", () => this.#scrolled(), { signal, capture: true });
    this.#jump?.addEventListener("click", () => this.toEnd({ smooth: true }), { signal });
    document.addEventListener("chat:taken", () => this.toEnd(), { signal });
    this.#watchGrowth(signal);
    this.toEnd();
  }

  disconnectedCallback() {
    this.#connected.abort();
  }

  /** @param {{smooth?: boolean}} [options] */
  toEnd({ smooth = false } = {}) {
    this.#following = true;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#pane.scrollTo({ top: this.#pane.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
    this.#top = this.#pane.scrollTop;
    this.#show();
  }

  /** @returns {Element} */
  get #pane() {
    return this.querySelector("[data-scroller]") ?? this;
  }

  get #jump() {
    const button = this.querySelector("[data-jump]");
    return button instanceof HTMLElement ? button : null;
  }

  /** @returns {number} */
  get #distance() {
    const { scrollHeight, scrollTop, clientHeight } = this.#pane;
    return scrollHeight - scrollTop - clientHeight;
  }

  /** @param {AbortSignal} signal */
  #watchGrowth(signal) {
    const growth = new ResizeObserver(() => this.#grown());
    growth.observe(this.#pane);
    for (const child of this.#pane.children) growth.observe(child);
    signal.addEventListener("abort", () => growth.disconnect());
  }

  /** Something grew. A pane that stands higher than where it was left has been scrolled by the reader meanwhile. */
  #grown() {
    if (this.#pane.scrollTop < this.#top - 1 && this.#distance > NEAR_PX) this.#following = false;
    if (this.#following) this.toEnd();
    else this.#show();
  }

  #scrolled() {
    const top = this.#pane.scrollTop;
    if (this.#distance <= NEAR_PX) this.#following = true;
    else if (top < this.#top) this.#following = false;
    this.#top = top;
    this.#show();
  }

  /** @param {WheelEvent} event */
  #wheeled({ deltaY }) {
    if (deltaY < 0 && this.#pane.scrollTop > 0) this.#following = false;
  }

  #show() {
    if (this.#jump) this.#jump.hidden = this.#following || this.#distance <= NEAR_PX;
  }
}
