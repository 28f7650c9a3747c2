/**
 * What to retry, what to tell and what to count. Decisions are pure functions of the failure; the counts live here
 * and go to the server at most once a minute.
 */

/**
 * @typedef {object} Decision
 * @property {boolean} retry
 * @property {string} text  a plain sentence for the person; empty where nothing needs saying
 *
 * @typedef {"drops"|"retries"|"recoveries"|"duplicates"|"gaps"|"resets"|"misfits"} Count
 */

const REPORT_EACH_MS = 60_000;
const SIGNED_OUT = "You have been signed out. Reload the page to sign in again; your draft is kept.";
const NOT_THERE = "This chat is not there any more.";
const GONE_FOR_GOOD = new Map([
  [4401, SIGNED_OUT],
  [4403, NOT_THERE],
  [4404, NOT_THERE],
]);
const STATUS_TEXTS = new Map([
  [400, "The server did not understand the message."],
  [401, SIGNED_OUT],
  [403, "The page is too old. Reload it and send again; your text is kept."],
  [404, NOT_THERE],
  [409, "The chat has changed meanwhile. Reload the page."],
  [413, "The message is too long."],
]);

/** @param {number} code a WebSocket's close code @returns {Decision} */
export function onClose(code) {
  const text = GONE_FOR_GOOD.get(code);
  return { retry: text === undefined, text: text ?? "" };
}

/** @param {number} status of the event stream; 0 where there was no answer at all @returns {Decision} */
export function onStreamStatus(status) {
  const code = { 401: 4401, 403: 4403, 404: 4404 }[status];
  return onClose(code ?? 0);
}

/**
 * Why a prompt was not taken. Nothing that the server refused is sent again by itself.
 * @param {number} status
 * @param {number} [retryAfterS]
 * @returns {Decision}
 */
export function onSendStatus(status, retryAfterS = 0) {
  if (status === 0) return { retry: true, text: "The server cannot be reached. Your text is kept." };
  if (status === 429) return { retry: false, text: tooFast(retryAfterS) };
  const text = STATUS_TEXTS.get(status) ?? "The server could not take the message. Your text is kept.";
  return { retry: status >= 500, text };
}

/** @param {number} seconds */
export function tooFast(seconds) {
  if (seconds <= 0) return "You are sending faster than allowed. You can send again now.";
  return `You are sending faster than allowed. You can send again in ${seconds} s.`;
}

export class ErrorHandler {
  /** @type {Record<Count, number>} */
  counts = { drops: 0, retries: 0, recoveries: 0, duplicates: 0, gaps: 0, resets: 0, misfits: 0 };
  #reported = "";
  #reportedAt = -Infinity;

  /** @param {Count} name */
  count(name) {
    this.counts[name] += 1;
  }

  /**
   * The counts, if there is news and the last report is long enough ago.
   * @param {number} now
   * @param {{last?: boolean}} [options] last: the page is going, do not wait for the minute
   * @returns {Record<Count, number> | null}
   */
  report(now, { last = false } = {}) {
    const state = JSON.stringify(this.counts);
    if (state === this.#reported || Object.values(this.counts).every((value) => value === 0)) return null;
    if (!last && now - this.#reportedAt < REPORT_EACH_MS) return null;
    this.#reported = state;
    this.#reportedAt = now;
    return { ...this.counts };
  }
}
