/** The browser's clockwork, in the form that the stream's parts take it (and tests replace it). */

/** @type {import("../stream/reveal.js").Turns} */
export const browserTurns = {
  now: () => Date.now(), // goes on while a laptop sleeps, which performance.now() may not
  nextFrame: (run) => requestAnimationFrame(run),
  cancelFrame: (id) => cancelAnimationFrame(id),
  later: (run, ms) => window.setTimeout(run, ms),
  cancel: (id) => window.clearTimeout(id),
  hidden: () => document.hidden,
};
