/**
 * The prompt on its way over the socket. It counts as sent when the server has shown it, not before: until then it is
 * repeated under the same key, which the server takes once only. Refusals are never repeated.
 */

export const REPEAT_MS = 8_000;
export const GIVE_UP_MS = 30_000;

/**
 * @typedef {{key: string, text: string, model: string}} Prompt
 *
 * @typedef {object} Exit
 * @property {(verb: object) => boolean} send
 * @property {(prompt: Prompt) => void} taken
 * @property {(prompt: Prompt, reason: string, retryAfterS: number) => void} refused
 * @property {() => number} now
 * @property {(run: () => void, ms: number) => number} later
 * @property {(id: number) => void} cancel
 */

export class Outbox {
  /** @type {Prompt | null} */
  #prompt = null;
  #since = 0;
  #timer = 0;
  #chat;
  #exit;

  /** @param {string} chat @param {Exit} exit */
  constructor(chat, exit) {
    this.#chat = chat;
    this.#exit = exit;
  }

  get waiting() {
    return this.#prompt;
  }

  /** @param {Prompt} prompt */
  put(prompt) {
    this.#prompt = prompt;
    this.#since = this.#exit.now();
    this.repeat();
  }

  /** Send what waits, again where needed: called when the connection is back, and after a silence. */
  repeat() {
    this.#exit.cancel(this.#timer);
    if (!this.#prompt) return;
    if (this.#exit.now() - this.#since >= GIVE_UP_MS)
      return this.refuse("The server did not confirm the message. Your text is kept: send it again.");
    this.#exit.send({ do: "send", chat: this.#chat, ...this.#prompt });
    this.#timer = this.#exit.later(() => this.repeat(), REPEAT_MS);
  }

  /** The prompt is on the page. */
  confirm() {
    const prompt = this.#done();
    if (prompt) this.#exit.taken(prompt);
  }

  /** @param {string} reason @param {number} [retryAfterS] */
  refuse(reason, retryAfterS = 0) {
    const prompt = this.#done();
    if (prompt) this.#exit.refused(prompt, reason, retryAfterS);
  }

  #done() {
    const prompt = this.#prompt;
    this.#prompt = null;
    this.#exit.cancel(this.#timer);
    return prompt;
  }
}
