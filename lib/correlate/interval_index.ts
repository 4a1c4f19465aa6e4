/** Intervals by key, found by time without looking at all of them. */

export interface Interval {
  readonly startNs: number;
  readonly endNs: number;
}

interface Row {
  readonly index: number;
  readonly startNs: number;
  readonly endNs: number;
}

interface Bucket {
  /** Ascending by start. */
  readonly rows: Row[];
  /** Latest end among rows[0..i]: below it, nothing earlier can reach that far. */
  readonly latestEnd: number[];
}

export class IntervalIndex {
  readonly #buckets = new Map<string, Bucket>();

  /** Items without a key, or whose interval is no interval, are left out. */
  constructor(intervals: readonly Interval[], keyOf: (index: number) => string) {
    intervals.forEach(({ startNs, endNs }, index) => {
      const key = keyOf(index);
      if (key === "" || !(startNs <= endNs)) return;
      let bucket = this.#buckets.get(key);
      if (bucket === undefined) this.#buckets.set(key, bucket = { rows: [], latestEnd: [] });
      bucket.rows.push({ index, startNs, endNs });
    });
    for (const { rows, latestEnd } of this.#buckets.values()) {
      rows.sort((a, b) => a.startNs - b.startNs || a.index - b.index);
      let latest = -Infinity;
      for (const row of rows) latestEnd.push(latest = Math.max(latest, row.endNs));
    }
  }

  has(key: string): boolean {
    return this.#buckets.has(key);
  }

  /** Indexes of the intervals under `key` that come within `reachNs` of `atNs`, bounds included, with their distance. */
  near(key: string, atNs: number, reachNs: number): { index: number; distanceNs: number }[] {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return [];
    const { rows, latestEnd } = bucket;
    const found: { index: number; distanceNs: number }[] = [];
    for (let i = lastStartingBy(rows, atNs + reachNs); i >= 0 && latestEnd[i]! >= atNs - reachNs; i--) {
      const { index, startNs, endNs } = rows[i]!;
      const distanceNs = Math.max(0, startNs - atNs, atNs - endNs);
      if (distanceNs <= reachNs) found.push({ index, distanceNs });
    }
    return found;
  }
}

/** Index of the last row that starts at or before `limit`, or -1. */
function lastStartingBy(rows: readonly Row[], limit: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]!.startNs <= limit) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
