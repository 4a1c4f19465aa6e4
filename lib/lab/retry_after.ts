/** Pure. */

/**
 * How long a refusal asks to wait, in ms; null when it does not say, or not understandably.
 *
 * @param value of Retry-After: seconds, or an HTTP date
 * @param nowMs the present, Unix ms; what a date is measured from
 */
export function retryAfterMs(value: string | null, nowMs: number): number | null {
  if (value === null) return null;
  if (/^\d+(\.\d+)?$/.test(value.trim())) return Number(value) * 1000;
  const at = value.endsWith("GMT") ? Date.parse(value) : NaN; // Date.parse takes much that is no HTTP date
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
