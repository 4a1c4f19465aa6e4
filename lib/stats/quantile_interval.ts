/** How well a sample knows a quantile: limits that hold for every continuous distribution, from binomial tails alone. */
import { binomialTails } from "./beta.ts";
import { ascending, quantileOfSorted } from "./describe.ts";
import { eachTail, type Interval, type LevelOption } from "./interval.ts";
import { checkQuantile } from "./quantile_rule.ts";

export interface QuantileInterval extends Interval<"order_stats"> {
  /** Ranks of the limits, 1 to n; null where no value of the sample can be one. */
  readonly ranks: QuantileRanks;
}

/** Rank from 1 of the lower and of the upper limit. */
export type QuantileRanks = readonly [number | null, number | null];

/**
 * Two values of the sample between which the quantile lies at that level; the estimate is the quantile by type 7. Too few values
 * for a limit make it infinite: the largest value of 20 is no upper bound for a p99.
 *
 * ```ts
 * import { quantileInterval } from "@llm-slo/sloctl";
 *
 * const values = Float64Array.from({ length: 59 }, (_, i) => i + 1);
 * const { low, high } = quantileInterval(values, 0.95);
 * if (low !== 52 || high !== Infinity) throw new Error("72 values would bound a p95 from above as well");
 * ```
 *
 * @returns NaN throughout for nothing, and for a sample with a NaN
 */
export function quantileInterval(values: Iterable<number>, q: number, options: LevelOption = {}): QuantileInterval {
  const list = ascending(values);
  const ranks = quantileRanks(list.length, q, options);
  const estimate = quantileOfSorted(list, q);
  const limit = (rank: number | null, none: number) => Number.isNaN(estimate) ? NaN : list[(rank ?? 0) - 1] ?? none;
  return {
    low: limit(ranks[0], -Infinity),
    high: limit(ranks[1], Infinity),
    estimate,
    method: "order_stats",
    ranks,
  };
}

/**
 * Of n values: l, the largest rank with P(Bin(n, q) <= l - 1) <= alpha/2, and u, the smallest with P(Bin(n, q) >= u) <= alpha/2.
 * Both null for n = 0.
 */
export function quantileRanks(n: number, q: number, options: LevelOption = {}): QuantileRanks {
  const tail = eachTail(options);
  checkQuantile(q);
  const low = count(n, (k) => binomialTails(k, n, q).atMost <= tail);
  const high = n + 1 - count(n, (k) => binomialTails(n - k, n, q).atLeast <= tail);
  return [low > 0 ? low : null, high <= n ? high : null];
}

/** The fewest values whose largest is an upper bound of quantile q with that confidence, one-sided: 59 for p95 at 0.95. */
export function samplesToBound(q: number, confidence = 0.95): number {
  if (!(q > 0 && q < 1 && confidence > 0 && confidence < 1)) {
    throw new RangeError(`Cannot bound "quantile ${q}" with "confidence ${confidence}": both must lie inside 0 to 1`);
  }
  const holds = (n: number) => q ** n <= (1 - confidence) * (1 + 4 * Number.EPSILON);
  let n = Math.max(1, Math.floor(Math.log(1 - confidence) / Math.log(q)) - 1);
  while (!holds(n)) n++;
  return n;
}

/** How many of 0, 1, ... below n fulfil `holds`, which is true up to some point and false from there on. */
function count(n: number, holds: (k: number) => boolean): number {
  let [yes, no] = [0, n];
  while (yes < no) {
    const middle = (yes + no) >>> 1;
    if (holds(middle)) yes = middle + 1;
    else no = middle;
  }
  return yes;
}
