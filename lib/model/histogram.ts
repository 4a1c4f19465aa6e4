/** How the kernel's histograms are cut, in the unit of their signals (ms): one count more than bounds; a value on a bound counts above it. */

const NS_PER_MS = 1e6;
const FIRST_NS = 1024;

/** Bounds of a tally, 97: four to each doubling from 1024 ns to 2^34 ns. A count between two of them is at most 25 % off. */
export const TALLY_BOUNDS_MS: readonly number[] = Array.from(
  { length: 97 },
  (_, i) => FIRST_NS * 2 ** Math.floor(i / 4) * (1 + (i % 4) / 4) / NS_PER_MS,
);

/** Bounds of what stayed under the threshold for one thread, 7: one to each fourfold from 1024 ns. */
export const SMALL_BOUNDS_MS: readonly number[] = Array.from({ length: 7 }, (_, i) => FIRST_NS * 4 ** i / NS_PER_MS);

export interface Histogram {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

/** Without the empty buckets at either end: the bounds that remain say all the same. */
export function trimmed({ bounds, counts }: Histogram): Histogram {
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  if (first < 0) return { bounds: [], counts: [0] };
  const from = Math.max(0, first - 1);
  const to = Math.min(bounds.length, last + 1);
  return { bounds: bounds.slice(from, to), counts: counts.slice(from, to + 1) };
}

export const total = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** Length that stands for bucket `i`: the middle of its bounds. */
export function midpointMs(bounds: readonly number[], i: number): number {
  const low = bounds[i - 1] ?? 0;
  return (low + (bounds[i] ?? low * 1.25)) / 2;
}
