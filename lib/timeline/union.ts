/** How long a set of intervals lasts when what they share is counted once. */

export interface Stretch {
  readonly startNs: number;
  readonly endNs: number;
}

/** Nanoseconds of `within` that at least one of the stretches covers. */
export function covered(stretches: readonly Stretch[], within: Stretch): number {
  const inside = stretches
    .map(({ startNs, endNs }) => ({
      startNs: Math.max(startNs, within.startNs),
      endNs: Math.min(endNs, within.endNs),
    }))
    .filter(({ startNs, endNs }) => startNs < endNs)
    .sort((a, b) => a.startNs - b.startNs);
  let [sum, until] = [0, -Infinity];
  for (const { startNs, endNs } of inside) {
    if (endNs <= until) continue;
    sum += endNs - Math.max(startNs, until);
    until = endNs;
  }
  return sum;
}
