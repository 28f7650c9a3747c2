/** Durations in words. Pure. */

/** @param {number} seconds @returns {string} "7 s", "1 min 05 s", "1 h 02 min" */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** @param {number} number */
function pad(number) {
  return String(number).padStart(2, "0");
}
