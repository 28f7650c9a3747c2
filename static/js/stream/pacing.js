/**
 * How many waiting pieces to show now, so that bursts from the network become an even flow. Pure.
 * A burst is spread over SPREAD_MS; whatever would be older than LIMIT_MS by the next turn is shown at once.
 */

export const SPREAD_MS = 120;
export const LIMIT_MS = 250;

/**
 * @param {number[]} arrivals when each waiting piece came, oldest first
 * @param {number} now
 * @param {number} turnMs how long a turn takes (an animation frame)
 * @returns {number}
 */
export function due(arrivals, now, turnMs) {
  if (arrivals.length === 0) return 0;
  const late = arrivals.filter((at) => now - at + turnMs >= LIMIT_MS).length;
  const turnsLeft = Math.max(1, Math.floor((SPREAD_MS - (now - arrivals[0])) / turnMs));
  return Math.max(late, Math.ceil(arrivals.length / turnsLeft));
}
