/** Mann-Whitney U test (Wilcoxon rank sum): does x tend to be larger than y? */
import { normalTail } from "./normal.ts";
import { oneOf } from "./one_of.ts";
import { rankable, rankSum } from "./rank_sum.ts";
import { rankSumNull, share } from "./rank_sum_null.ts";

export type Alternative = "two-sided" | "greater" | "less";

export interface MannWhitneyOptions {
  /** `greater`: x tends to exceed y. Default two-sided. */
  readonly alternative?: Alternative;
  /**
   * `auto` (default): exact while it is cheap (no ties and both sides up to 50, or ties and up to 60 together), else normal.
   * `exact` counts up to about 130 against 130 and refuses more.
   */
  readonly method?: "auto" | "exact" | "normal";
  /** Continuity correction of the normal approximation. Default true. */
  readonly continuity?: boolean;
  /**
   * What "as extreme" means in the exact two-sided test when there are ties: `absdev` (default), as far from the middle;
   * `double`, twice the smaller tail. Without ties they are the same.
   */
  readonly twoSided?: "absdev" | "double";
}

export interface MannWhitney {
  /** Pairs in which x exceeds y, ties half. */
  readonly u: number;
  /** NaN when a side is empty or holds a NaN. 0 only where the normal tail leaves the doubles, beyond z = 38. */
  readonly p: number;
  /**
   * Normal score of u with the correction asked for: positive where x tends to be larger, 0 when every value is tied. By the method
   * normal, p is its tail.
   */
  readonly z: number;
  /** `degenerate`: every value is tied, p is 1. `none`: nothing to test. */
  readonly method: "exact" | "normal" | "degenerate" | "none";
}

/**
 * Infinities rank like any other value, -0 and 0 are tied. The samples are not changed, and not copied where they are Float64Arrays
 * in order.
 *
 * ```ts
 * import { mannWhitneyU } from "@llm-slo/sloctl";
 *
 * const { u, p, method } = mannWhitneyU([19, 22, 16, 29, 24], [20, 11, 17, 12]);
 * if (u !== 17 || method !== "exact" || Math.abs(p - 1 / 9) > 1e-12) throw new Error("14 of 126 ways are as extreme");
 * ```
 *
 * @throws RangeError for an option that is none of its values, and for more values than an exact test can count
 */
export function mannWhitneyU(
  x: Iterable<number>,
  y: Iterable<number>,
  options: MannWhitneyOptions = {},
): MannWhitney {
  const { alternative = "two-sided", method = "auto", continuity = true, twoSided = "absdev" } = options;
  oneOf("alternative", alternative, ["two-sided", "greater", "less"]);
  oneOf("method", method, ["auto", "exact", "normal"]);
  oneOf("twoSided", twoSided, ["absdev", "double"]);
  const samples = rankable(x, y);
  if (samples === null) return { u: NaN, p: NaN, z: NaN, method: "none" };
  const [m, n] = [samples[0].length, samples[1].length];
  const { doubledSum, tied, variance } = rankSum(...samples);
  const u = (doubledSum - m * (m + 1)) / 2;
  if (!(variance > 0)) return { u, p: 1, z: 0, method: "degenerate" };
  const z = score(u - m * n / 2, Math.sqrt(variance), alternative, continuity ? 0.5 : 0);
  if (method === "exact" || (method === "auto" && isCheap(m, n, tied))) {
    return { u, p: exactP(...samples, doubledSum, alternative, twoSided), z, method: "exact" };
  }
  const tail = normalTail(alternative === "two-sided" ? Math.abs(z) : alternative === "greater" ? z : -z);
  return { u, p: alternative === "two-sided" ? 2 * tail : tail, z, method: "normal" };
}

/** Whether `auto` counts. */
export function isCheap(m: number, n: number, tied: boolean): boolean {
  return tied ? m + n <= 60 : m <= 50 && n <= 50;
}

/** `d`: u less its mean. `half`: the continuity correction, towards the mean, or away from the tail that is asked for. */
function score(d: number, sigma: number, alternative: Alternative, half: number): number {
  if (alternative === "greater") return (d - half) / sigma;
  if (alternative === "less") return (d + half) / sigma;
  return Math.sign(d) * Math.max(0, Math.abs(d) - half) / sigma;
}

function exactP(
  x: Float64Array,
  y: Float64Array,
  seen: number,
  alternative: Alternative,
  twoSided: "absdev" | "double",
): number {
  const chance = rankSumNull(x, y);
  const greater = () => share(chance, (sum) => sum >= seen);
  const less = () => share(chance, (sum) => sum <= seen);
  if (alternative === "greater") return greater();
  if (alternative === "less") return less();
  if (twoSided === "double") return Math.min(1, 2 * Math.min(greater(), less()));
  const centre = x.length * (x.length + y.length + 1);
  return share(chance, (sum) => Math.abs(sum - centre) >= Math.abs(seen - centre));
}
