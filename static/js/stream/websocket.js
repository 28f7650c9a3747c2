/** The WebSocket as a link: frames in, verbs out. Knows nothing of cursors, retries or the page. */
import { readFrame } from "./frames.js";

/**
 * @typedef {object} LinkEvents
 * @property {() => unknown} open
 * @property {(frame: import("./frames.js").Frame) => unknown} frame
 * @property {() => unknown} alive  something was heard, a frame or a mere sign of life
 * @property {(end: {code: number, status?: number}) => unknown} close
 *
 * @typedef {object} Link
 * @property {(verb: object) => boolean} send
 * @property {() => void} close  silent: no event follows
 */

/**
 * @param {string} url
 * @param {LinkEvents} on
 * @returns {Link}
 */
export function openWebSocket(url, on) {
  const socket = new WebSocket(url);
  const ended = new AbortController();
  const { signal } = ended;
  socket.addEventListener("open", () => on.open(), { signal });
  socket.addEventListener("message", ({ data }) => deliver(data, on), { signal });
  socket.addEventListener("close", ({ code }) => on.close({ code }), { signal });
  return {
    send(verb) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(verb));
      return true;
    },
    close() {
      ended.abort();
      socket.close(1000);
    },
  };
}

/** @param {unknown} data @param {LinkEvents} on */
function deliver(data, on) {
  on.alive();
  const frame = readFrame(data);
  if (frame) on.frame(frame);
}
