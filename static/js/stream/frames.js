/**
 * The frames of the wire as types, and the reading of one. Nothing here has an effect.
 *
 * @typedef {Record<string, number>} Heads  generation id → number of its last event
 *
 * @typedef {object} Frame
 * @property {"hello"|"frame"|"reset"|"notice"|"heartbeat"|"rotate"|"error"|"sent"} type
 * @property {number} [connection]
 * @property {Heads} [heads]
 * @property {string} [generation]
 * @property {number} [after]
 * @property {number} [seq]
 * @property {string} [html]
 * @property {number} [after_ms]
 * @property {string} [code]
 * @property {number} [retry_after]
 * @property {string} [key]
 */

/**
 * Read one frame; anything that is not one gives null.
 * @param {unknown} text
 * @returns {Frame | null}
 */
export function readFrame(text) {
  if (typeof text !== "string") return null;
  try {
    const frame = JSON.parse(text);
    return typeof frame?.type === "string" ? frame : null;
  } catch {
    return null;
  }
}
