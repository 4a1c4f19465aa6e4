/** How near a moment is to an interval, as a number and in words. */

/** Nanoseconds between a moment and an interval; 0 inside it. */
export function distance(
  { startNs, endNs }: { readonly startNs: number; readonly endNs: number },
  atNs: number,
): number {
  return Math.max(0, startNs - atNs, atNs - endNs);
}

/** What was equal, how near in time, how many competed. */
export function reason(because: string, distanceNs: number, k: number): string {
  const when = distanceNs === 0 ? "inside the span" : `${(distanceNs / 1e6).toFixed(3)} ms from the span`;
  return `${because}, ${when}${k > 1 ? `, one of ${k} spans` : ""}`;
}
