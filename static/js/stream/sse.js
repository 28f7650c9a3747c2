/**
 * Server-sent events as a link with the same shape as the WebSocket's; it only receives. Fetched rather than opened as
 * an EventSource, which gives up for ever at one 503, hides the status and reconnects by its own clock.
 */
import { EventStreamReader } from "../lib/sse.js";
import { readFrame } from "./frames.js";

/**
 * @param {string} url the cursor is in it
 * @param {import("./websocket.js").LinkEvents} on
 * @returns {import("./websocket.js").Link}
 */
export function openEventStream(url, on) {
  const ended = new AbortController();
  const { signal } = ended;
  read(url, on, signal).then(
    (status) => signal.aborted || on.close({ code: 0, status }),
    () => signal.aborted || on.close({ code: 0 }),
  );
  return { send: () => false, close: () => ended.abort() };
}

/**
 * @param {string} url
 * @param {import("./websocket.js").LinkEvents} on
 * @param {AbortSignal} signal
 * @returns {Promise<number>} the status with which the stream ended
 */
async function read(url, on, signal) {
  const headers = { Accept: "text/event-stream" };
  const response = await fetch(url, { headers, signal, cache: "no-store", redirect: "manual" });
  if (response.type === "opaqueredirect") return 401; // the way to the sign-in page
  if (response.status !== 200 || !response.body) return response.status;
  on.open();
  await pump(response.body, on, signal);
  return 200;
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {import("./websocket.js").LinkEvents} on
 * @param {AbortSignal} signal
 */
async function pump(body, on, signal) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const events = new EventStreamReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || signal.aborted) return;
    on.alive();
    for (const data of events.feed(decoder.decode(value, { stream: true }))) {
      const frame = readFrame(data);
      if (frame && !signal.aborted) on.frame(frame);
    }
  }
}
