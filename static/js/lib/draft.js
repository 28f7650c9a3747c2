/**
 * What the person has typed and not yet seen arrive, kept for each chat. The key that makes a prompt unique is made when
 * the text is first sent and stays with it until the server has confirmed: the same text sent again is the same prompt.
 */

/** @typedef {{text: string, key: string}} Kept */

const NOTHING = { text: "", key: "" };

export class Draft {
  #storage;
  #name;
  #newKey;

  /**
   * @param {Pick<Storage, "getItem" | "setItem" | "removeItem">} storage
   * @param {string} chat
   * @param {() => string} [newKey]
   */
  constructor(storage, chat, newKey = randomKey) {
    this.#storage = storage;
    this.#name = `draft:${chat || "new"}`;
    this.#newKey = newKey;
  }

  /** @returns {Kept} */
  read() {
    try {
      const kept = JSON.parse(this.#storage.getItem(this.#name) ?? "null");
      return typeof kept?.text === "string" ? { text: kept.text, key: String(kept.key ?? "") } : NOTHING;
    } catch {
      return NOTHING;
    }
  }

  /** Keep what is being typed. Another text is another prompt; blanks at the ends do not count. @param {string} text */
  write(text) {
    const { text: before, key } = this.read();
    this.#keep({ text, key: before.trim() === text.trim() ? key : "" });
  }

  /** The key to send this text under. @param {string} text @returns {string} */
  keyFor(text) {
    this.write(text);
    const key = this.read().key || this.#newKey();
    this.#keep({ text, key });
    return key;
  }

  clear() {
    this.#keep(NOTHING);
  }

  /** @param {Kept} kept */
  #keep(kept) {
    try {
      if (kept.text) this.#storage.setItem(this.#name, JSON.stringify(kept));
      else this.#storage.removeItem(this.#name);
    } catch {
      // A full or forbidden storage costs the draft, never the sending.
    }
  }
}

/** 128 random bits; `crypto.randomUUID` is missing where the page is not served securely. */
export function randomKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
