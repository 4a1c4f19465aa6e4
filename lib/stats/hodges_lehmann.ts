/** Hodges-Lehmann: by how much x is shifted against y, the median of all differences. */
import { Differences } from "./differences.ts";
import { eachTail, type Interval, type LevelOption } from "./interval.ts";
import { isCheap } from "./mann_whitney.ts";
import { normalQuantile } from "./normal.ts";
import { oneOf } from "./one_of.ts";
import { rankable, rankSum } from "./rank_sum.ts";
import { type RankSumNull, rankSumNull, share } from "./rank_sum_null.ts";

export interface HodgesLehmannOptions extends LevelOption {
  /** As in mannWhitneyU: `auto` is exact where that test is. */
  readonly method?: "auto" | "exact" | "normal";
}

export interface HodgesLehmann extends Interval<"exact" | "normal" | "degenerate" | "none"> {
  /**
   * Coverage the limits really have, at least the level, unless the samples are too small to reach it: 3 against 3 cover .9 at most.
   * The level itself for the method normal.
   */
  readonly coverage: number;
}

/**
 * The interval is the shifts that a Mann-Whitney test would not reject: order statistics of the differences, exactly (ties of the
 * data kept) or by the normal approximation (Moses). A limit the data cannot give is infinite. The differences are not stored, only
 * counted, so that samples of any size will do.
 *
 * ```ts
 * import { hodgesLehmann } from "@llm-slo/sloctl";
 *
 * const { estimate, low, high } = hodgesLehmann([10, 20, 30, 40], [1, 2, 3, 4]);
 * if (estimate !== 22.5 || low !== 6 || high !== 39) throw new Error("x is 22.5 higher");
 * ```
 *
 * @returns NaN, method none, when a side is empty, holds a NaN, or both hold the same infinity; method degenerate, no limits, when
 * every value is the same
 */
export function hodgesLehmann(
  xs: Iterable<number>,
  ys: Iterable<number>,
  options: HodgesLehmannOptions = {},
): HodgesLehmann {
  const { method = "auto", level = 0.95 } = options;
  oneOf("method", method, ["auto", "exact", "normal"]);
  const tail = eachTail(options);
  const samples = rankable(xs, ys);
  if (samples === null || sameInfinity(...samples)) {
    return { low: NaN, high: NaN, estimate: NaN, method: "none", coverage: NaN };
  }
  const [x, y] = samples;
  const differences = new Differences(x, y);
  const pairs = x.length * y.length;
  const middle = differences.nth(Math.ceil(pairs / 2));
  const next = pairs % 2 === 1 ? middle : differences.after(middle, pairs / 2);
  const estimate = middle === next ? middle : middle / 2 + next / 2;
  const { tied, variance } = rankSum(x, y);
  if (!(variance > 0)) return { low: -Infinity, high: Infinity, estimate, method: "degenerate", coverage: 1 };

  if (method === "exact" || (method === "auto" && isCheap(x.length, y.length, tied))) {
    const chance = rankSumNull(x, y);
    const limits = (tied ? tiedLimits : untiedLimits)(differences, chance, x.length, tail);
    return { ...limits, estimate, method: "exact" };
  }
  const rank = Math.floor(pairs / 2 + normalQuantile(tail) * Math.sqrt(variance));
  return {
    low: differences.nth(rank),
    high: differences.nth(pairs + 1 - rank),
    estimate,
    method: "normal",
    coverage: level,
  };
}

type Limits = Pick<HodgesLehmann, "low" | "high" | "coverage">;

/** The q-th difference from either end. */
function untiedLimits(differences: Differences, chance: RankSumNull, m: number, tail: number): Limits {
  const { pairs } = differences;
  const q = Math.max(1, tails(chance, m, tail).a);
  const outside = share(chance, (sum) => sum - m * (m + 1) < 2 * q);
  return { low: differences.nth(q), high: differences.nth(pairs + 1 - q), coverage: 1 - 2 * outside };
}

/**
 * With U(d) = #{D > d} + #{D = d}/2: from the largest difference with U >= b to the smallest with U <= a. Both bounds are inside, so
 * that swapping the samples negates the interval.
 */
function tiedLimits(differences: Differences, chance: RankSumNull, m: number, tail: number): Limits {
  // Not even samples that do not overlap would be rare enough.
  if (1 / chance.ways >= tail) return { low: -Infinity, high: Infinity, coverage: 1 };
  const { a, b } = tails(chance, m, tail);
  const low = differences.nth(differences.belowFirst((u) => u < b));
  const high = differences.nth(differences.belowFirst((u) => u <= a) + 1);
  const outside = (keep: (u: number) => boolean) => share(chance, (sum) => keep((sum - m * (m + 1)) / 2));
  const coverage = 1 - (low > -Infinity ? outside((u) => u > b) : 0) - (high < Infinity ? outside((u) => u < a) : 0);
  return { low, high, coverage };
}

/** a, the least u with P(U <= u) >= tail, and b, the largest with P(U >= u) >= tail. */
function tails({ counts, least, step, ways }: RankSumNull, m: number, tail: number): { a: number; b: number } {
  const u = (i: number) => (least + i * step - m * (m + 1)) / 2;
  let i = 0;
  for (let sum = counts[0]!; sum / ways < tail; sum += counts[i]!) i++;
  let j = counts.length - 1;
  for (let sum = counts[j]!; sum / ways < tail; sum += counts[j]!) j--;
  return { a: u(i), b: u(j) };
}

/** Infinity less Infinity is nothing. */
function sameInfinity(x: Float64Array, y: Float64Array): boolean {
  return (x[0] === -Infinity && y[0] === -Infinity) || (x.at(-1) === Infinity && y.at(-1) === Infinity);
}
