/** Shares: intervals for one, and for the difference of two. Nothing observed is an estimate of NaN and an interval of everything. */
import { binomialTails } from "./beta.ts";
import { eachTail, type Interval, type LevelOption } from "./interval.ts";
import { leastDouble } from "./least_double.ts";
import { normalQuantile } from "./normal.ts";

/**
 * Wilson's (1927) score interval for k of n. Good everywhere but at the very ends; that nothing failed proves what
 * `exactInterval` says.
 *
 * ```ts
 * import { wilsonInterval } from "@llm-slo/sloctl";
 *
 * const { low, high } = wilsonInterval(81, 263);
 * if (low.toFixed(4) !== "0.2553" || high.toFixed(4) !== "0.3662") throw new Error("as Newcombe 1998 has it");
 * ```
 *
 * @throws RangeError unless 0 <= k <= n, both finite; they need not be whole, as increases of counters are not
 */
export function wilsonInterval(k: number, n: number, options: LevelOption = {}): Interval<"wilson"> {
  const { low, high } = wilson(checkedShare(k, n), n, -normalQuantile(eachTail(options)));
  return { low, high, estimate: k / n, method: "wilson" };
}

/**
 * Clopper and Pearson's (1934) exact interval for k of n: never covers less than its level. Zero errors prove at most 1 % at 95 %,
 * one-sided (level 0.9), from 299 requests on.
 */
export function exactInterval(k: number, n: number, options: LevelOption = {}): Interval<"clopper_pearson"> {
  const tail = eachTail(options);
  checkedShare(k, n);
  return {
    low: k === 0 ? 0 : leastDouble(0, 1, (p) => binomialTails(k, n, p).atLeast >= tail),
    high: k === n ? 1 : leastDouble(0, 1, (p) => binomialTails(k, n, p).atMost <= tail),
    estimate: k / n,
    method: "clopper_pearson",
  };
}

/**
 * Newcombe's (1998, method 10) interval for the difference k1/n1 - k2/n2, from the Wilson intervals of both.
 * @throws RangeError as wilsonInterval
 */
export function newcombeInterval(
  k1: number,
  n1: number,
  k2: number,
  n2: number,
  options: LevelOption = {},
): Interval<"newcombe"> {
  const z = -normalQuantile(eachTail(options));
  const [p, q] = [checkedShare(k1, n1), checkedShare(k2, n2)];
  const [one, two] = [wilson(p, n1, z), wilson(q, n2, z)];
  const estimate = p - q;
  if (Number.isNaN(estimate)) return { low: -1, high: 1, estimate, method: "newcombe" };
  return {
    low: estimate - Math.hypot(p - one.low, two.high - q),
    high: estimate + Math.hypot(one.high - p, q - two.low),
    estimate,
    method: "newcombe",
  };
}

function wilson(p: number, n: number, z: number): { low: number; high: number } {
  if (n === 0) return { low: 0, high: 1 };
  const square = z * z / n;
  const root = z * Math.sqrt(p * (1 - p) / n + square / (4 * n));
  const high = (p + square / 2 + root) / (1 + square);
  // The product of the limits is p^2/(1 + z^2/n): by division the lower one is no small difference of large numbers.
  return { low: p === 0 ? 0 : p * p / (1 + square) / high, high: p === 1 ? 1 : high };
}

/** k/n; NaN for nothing. */
function checkedShare(k: number, n: number): number {
  if (!(k >= 0 && k <= n && n < Infinity)) {
    throw new RangeError(`Cannot take "${k} of ${n}" as a share: it must lie between none and all`);
  }
  return k / n;
}
