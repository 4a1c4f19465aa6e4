/** Intervals by key, all of them at hand, found by time without looking at all of them. */
import { Intervals } from "./intervals.ts";

export interface Interval {
  readonly startNs: number;
  readonly endNs: number;
}

export class IntervalIndex {
  readonly #intervals: readonly Interval[];
  readonly #starts: Float64Array;
  readonly #keys = new Map<string, Intervals>();

  /** Items without a key, or whose interval is no interval, are left out. */
  constructor(intervals: readonly Interval[], keyOf: (index: number) => string) {
    this.#intervals = intervals;
    this.#starts = Float64Array.from(intervals, ({ startNs }) => startNs);
    const sane = intervals.map((_, index) => index).filter((i) => intervals[i]!.startNs <= intervals[i]!.endNs);
    // In the order of their ends each goes to the end of its run.
    for (const index of sane.sort((a, b) => intervals[a]!.endNs - intervals[b]!.endNs || a - b)) {
      const key = keyOf(index);
      if (key === "") continue;
      let under = this.#keys.get(key);
      if (under === undefined) this.#keys.set(key, under = new Intervals());
      under.add(intervals[index]!.startNs, intervals[index]!.endNs, index);
    }
  }

  /** Indexes of the intervals under `key` that come within `reachNs` of `atNs`, bounds included, with their distance; the latest to start first. */
  near(key: string, atNs: number, reachNs: number): { index: number; distanceNs: number }[] {
    const found: number[] = [];
    this.#keys.get(key)?.near(atNs - reachNs, atNs + reachNs, 0, { starts: this.#starts, mask: -1 }, found);
    return found
      .sort((a, b) => this.#starts[b]! - this.#starts[a]! || b - a)
      .map((index) => {
        const { startNs, endNs } = this.#intervals[index]!;
        return { index, distanceNs: Math.max(0, startNs - atNs, atNs - endNs) };
      });
  }
}
