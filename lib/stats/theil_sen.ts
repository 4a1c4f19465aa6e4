/** Theil-Sen: the trend of a series that a few wild points cannot bend. */
import { median, quantileOfSorted } from "./describe.ts";
import { eachTail, type Interval, type LevelOption } from "./interval.ts";
import { normalQuantile } from "./normal.ts";

export interface TheilSen extends Interval<"theil_sen"> {
  /** Median of the slopes of all pairs, per unit of x; the same number as `estimate`. */
  readonly slope: number;
  /** The line through the medians of x and y. */
  readonly intercept: number;
}

/** Pairs held at once: 8 bytes each. */
const MOST_POINTS = 4096;

/**
 * The limits are those of Sen (1968), order statistics of the slopes; infinite where there are too few points for them. Pairs of
 * equal x have no slope and are left out, of the variance too.
 *
 * ```ts
 * import { theilSen } from "@llm-slo/sloctl";
 *
 * const minutes = [0, 1, 2, 3, 4, 5, 6, 7];
 * const { slope, low } = theilSen(minutes, [10, 12, 14, 16, 900, 20, 22, 24]);
 * if (slope !== 2 || low !== 2) throw new Error("one bad minute is no trend");
 * ```
 *
 * @param x When, in any unit
 * @param y What was seen then
 * @returns NaN throughout for fewer than two different x, and where there is a NaN or an infinity
 * @throws RangeError when the lengths differ, and for more than 4096 points: sum them up first, by the minute or so
 */
export function theilSen(x: ArrayLike<number>, y: ArrayLike<number>, options: LevelOption = {}): TheilSen {
  const tail = eachTail(options);
  if (x.length !== y.length) throw new RangeError(`Cannot fit "${x.length} x and ${y.length} y": they come in pairs`);
  if (x.length > MOST_POINTS) {
    throw new RangeError(`Cannot fit "${x.length} points": ${MOST_POINTS} is the most, sum up`);
  }
  const finite = [x, y].every((list) => Array.from(list).every(Number.isFinite));
  const slopes = finite ? pairSlopes(x, y) : new Float64Array();
  if (slopes.length === 0) {
    return { slope: NaN, intercept: NaN, low: NaN, high: NaN, estimate: NaN, method: "theil_sen" };
  }
  const slope = quantileOfSorted(slopes, 0.5);
  const spread = -normalQuantile(tail) * Math.sqrt(kendallVariance(x));
  const rank = Math.floor((slopes.length - spread) / 2);
  return {
    slope,
    intercept: median(Array.from(y)) - slope * median(Array.from(x)),
    low: slopes[rank - 1] ?? -Infinity,
    high: slopes[slopes.length - rank] ?? Infinity,
    estimate: slope,
    method: "theil_sen",
  };
}

/** Of all pairs with different x, in order. */
function pairSlopes(x: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  const slopes = new Float64Array(x.length * (x.length - 1) / 2);
  let count = 0;
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      if (x[i] !== x[j]) slopes[count++] = (y[i]! - y[j]!) / (x[i]! - x[j]!);
    }
  }
  return slopes.subarray(0, count).sort();
}

/** Of Kendall's score over k points: k(k - 1)(2k + 5)/18, less the same of each group of equal x. */
function kendallVariance(x: ArrayLike<number>): number {
  const term = (k: number) => k * (k - 1) * (2 * k + 5) / 18;
  const groups = new Map<number, number>();
  for (const value of Array.from(x)) groups.set(value, (groups.get(value) ?? 0) + 1);
  return groups.values().reduce((variance, t) => variance - term(t), term(x.length));
}
