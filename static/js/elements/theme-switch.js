/** <theme-switch>: light, dark or as the system. The choice is a cookie, so that the server renders the next page in it. */

const YEAR_S = 31_536_000;

export class ThemeSwitch extends HTMLElement {
  static tag = "theme-switch";
  #connected = new AbortController();

  connectedCallback() {
    this.#connected = new AbortController();
    this.addEventListener("change", (event) => this.#choose(event), this.#connected);
  }

  disconnectedCallback() {
    this.#connected.abort();
  }

  /** @param {Event} event */
  #choose({ target }) {
    if (!(target instanceof HTMLInputElement) || target.name !== "theme") return;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.documentElement.dataset.theme = target.value;
    document.cookie = `theme=${target.value}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax${secure}`;
  }
}
