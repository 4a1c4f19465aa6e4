/** Intervals for what repeated runs are about: their mean, the difference of two means, and how much they vary. */
import { studentQuantile } from "./beta.ts";
import { floats } from "./floats.ts";
import { chiSquareQuantile } from "./gamma.ts";
import { eachTail, type Interval, type LevelOption } from "./interval.ts";
import { mean, stddev } from "./sum.ts";

/**
 * Mean of run statistics, with Student's t. One run has no spread: its limits are infinite. Runs that are all the same have none
 * either, and an interval of width 0.
 *
 * ```ts
 * import { meanInterval } from "@llm-slo/sloctl";
 *
 * const { low, high } = meanInterval([150, 152, 148, 155, 151]);
 * if (low.toFixed(2) !== "147.99" || high.toFixed(2) !== "154.41") throw new Error("151.2 and 3.2 to either side");
 * ```
 */
export function meanInterval(values: Iterable<number>, options: LevelOption = {}): Interval<"student"> {
  const tail = eachTail(options);
  const list = floats(values);
  const estimate = mean(list);
  const error = stddev(list) / Math.sqrt(list.length);
  return { ...around(estimate, error, list.length - 1, tail), estimate, method: "student" };
}

/**
 * Mean of x less mean of y, variances not assumed equal (Welch 1947). Of logarithms it is the logarithm of a ratio: the difference of
 * two arms' mean log p95 per run, back through exp, is how many times slower one is. Wants 5 runs an arm.
 */
export function welchInterval(x: Iterable<number>, y: Iterable<number>, options: LevelOption = {}): Interval<"welch"> {
  const tail = eachTail(options);
  const [one, two] = [floats(x), floats(y)];
  const [a, b] = [stddev(one) / Math.sqrt(one.length), stddev(two) / Math.sqrt(two.length)];
  const error = Math.hypot(a, b);
  // Shares of the squared error, which itself may leave the doubles.
  const [p, q] = [(a / error) ** 2, (b / error) ** 2];
  const df = 1 / (p ** 2 / (one.length - 1) + q ** 2 / (two.length - 1));
  const estimate = mean(one) - mean(two);
  return { ...around(estimate, error, df, tail), estimate, method: "welch" };
}

/**
 * Coefficient of variation, standard deviation over mean, as a ratio; its interval is that of the standard deviation (chi-square, for
 * normal values). Three runs that vary by 10 % may well be runs that vary by 63 %.
 */
export function cvInterval(values: Iterable<number>, options: LevelOption = {}): Interval<"chi_square"> {
  const tail = eachTail(options);
  const list = floats(values);
  const df = list.length - 1;
  const estimate = stddev(list) / Math.abs(mean(list));
  if (df < 1) return { low: 0, high: Infinity, estimate, method: "chi_square" };
  const limit = (p: number) => estimate * Math.sqrt(df / chiSquareQuantile(p, df));
  return { low: limit(1 - tail), high: limit(tail), estimate, method: "chi_square" };
}

/** Without a spread, as of one value or an infinite one, there are no limits; nothing to estimate is NaN throughout. */
function around(estimate: number, error: number, df: number, tail: number): { low: number; high: number } {
  if (Number.isNaN(estimate)) return { low: NaN, high: NaN };
  if (error === 0) return { low: estimate, high: estimate };
  if (!Number.isFinite(error)) return { low: -Infinity, high: Infinity };
  const wide = studentQuantile(1 - tail, df) * error;
  return { low: estimate - wide, high: estimate + wide };
}
