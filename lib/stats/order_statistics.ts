/**
 * The bootstrap of a quantile without drawing the values. The r-th of N values drawn is the inverse empirical distribution at the
 * r-th of N uniform numbers, which is a Beta(r, N - r + 1), and the next one lies a Beta(1, N - r) of the rest above it.
 */
import { between, positionOf } from "./quantile_rule.ts";
import type { Pool } from "./pool.ts";
import { beta, type Random } from "./random.ts";

/** Gives the quantile (type 7) of another resample with every call; of the same distribution as by drawing. */
export function orderStatistics(pool: Pool, q: number, stream: Random): () => number {
  const { runs } = pool;
  const times = new Uint32Array(runs.length);
  return () => {
    let size = 0;
    times.fill(0);
    for (let k = 0; k < runs.length; k++) {
      const run = runs.length === 1 ? 0 : stream.below(runs.length);
      times[run]!++;
      size += runs[run]!.length;
    }
    const { rank, part } = positionOf("linear", size, q);
    const v = beta(stream, rank + 1, size - rank);
    const low = drawnAt(pool, times, v * size);
    if (part === 0) return low;
    const above = -Math.expm1(Math.log(1 - stream.float()) / (size - rank - 1));
    return between(low, drawnAt(pool, times, (v + (1 - v) * above) * size), part);
  };
}

/** The least value that more than `at` of the drawn runs' values, counted as often as their run was drawn, do not exceed. */
function drawnAt({ runs, values }: Pool, times: Uint32Array, at: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    let count = 0;
    for (let k = 0; k < runs.length; k++) {
      if (times[k]! > 0) count += times[k]! * notAbove(runs[k]!, values[middle]!);
    }
    if (count > at) high = middle;
    else low = middle + 1;
  }
  return values[low]!;
}

/** How many of the run are at most `value`. */
function notAbove(run: Float64Array, value: number): number {
  let [yes, no] = [0, run.length];
  while (yes < no) {
    const middle = (yes + no) >>> 1;
    if (run[middle]! <= value) yes = middle + 1;
    else no = middle;
  }
  return yes;
}
