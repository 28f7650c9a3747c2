/** Reads text/event-stream: fed with pieces cut anywhere, gives the data of each event that is complete. Pure. */

export class EventStreamReader {
  #rest = "";
  /** @type {string[]} */
  #data = [];

  /** @param {string} piece @returns {string[]} */
  feed(piece) {
    this.#rest += piece;
    // A lone CR at the end may be half of a CRLF.
    const complete = this.#rest.endsWith("\r") ? this.#rest.length - 1 : this.#rest.length;
    const lines = this.#rest.slice(0, complete).split(/\r\n|\n|\r/);
    this.#rest = (lines.pop() ?? "") + this.#rest.slice(complete);
    return lines.flatMap((line) => this.#line(line));
  }

  /** @param {string} line @returns {string[]} */
  #line(line) {
    if (line === "") return this.#event();
    if (line.startsWith("data:")) this.#data.push(line.slice(line[5] === " " ? 6 : 5));
    return [];
  }

  #event() {
    const events = this.#data.length ? [this.#data.join("\n")] : [];
    this.#data = [];
    return events;
  }
}
