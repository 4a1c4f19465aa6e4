/** Location and spread of a sample. Nothing to describe is NaN, and one NaN in the sample makes the answer NaN. */
import { floats } from "./floats.ts";
import { between, positionOf, type QuantileRule } from "./quantile_rule.ts";
export { mean, stddev, sum, variance } from "./sum.ts";

/** A sorted copy: NaN last, -0 before 0. */
export function sorted(values: Iterable<number>): Float64Array {
  return floats(values).sort();
}

/** The values in order: themselves where they are a Float64Array in order already, which is only read, else a sorted copy. */
export function ascending(values: Iterable<number>): Float64Array {
  return values instanceof Float64Array && isAscending(values) ? values : sorted(values);
}

/**
 * Quantile, by linear interpolation between neighbours (type 7 of Hyndman and Fan, the default of R and NumPy) or by another
 * named rule. A Float64Array in order is not copied.
 *
 * ```ts
 * import { quantile } from "@llm-slo/sloctl";
 *
 * const values = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
 * if (quantile(values, 0.95).toFixed(2) !== "9.55") throw new Error("between 9 and 10");
 * if (quantile(values, 0.95, { rule: "nearest_rank" }) !== 10) throw new Error("one of the values");
 * ```
 *
 * @param q In [0, 1]; a RangeError otherwise
 * @returns NaN of nothing, and of a sample with a NaN. One value is every quantile of itself; infinities rank as they are.
 */
export function quantile(
  values: Iterable<number>,
  q: number,
  { rule = "linear" }: { readonly rule?: QuantileRule } = {},
): number {
  return quantileOfSorted(ascending(values), q, rule);
}

/** The same of values already in order. */
export function quantileOfSorted(values: Float64Array, q: number, rule: QuantileRule = "linear"): number {
  const { rank, part } = positionOf(rule, values.length, q);
  const last = values.length - 1;
  if (last < 0 || Number.isNaN(values[last])) return NaN;
  return between(values[rank]!, values[Math.min(rank + 1, last)]!, part);
}

export function median(values: Iterable<number>): number {
  return quantile(values, 0.5);
}

/** Median absolute deviation from the median, unscaled; times 1.4826 it estimates a normal standard deviation. */
export function mad(values: Iterable<number>): number {
  const list = ascending(values);
  const middle = quantileOfSorted(list, 0.5);
  return median(list.map((value) => value === middle ? 0 : Math.abs(value - middle)));
}

function isAscending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) {
    const [before, value] = [values[i - 1]!, values[i]!];
    if (before < value) continue;
    if (before !== value || (value === 0 && Object.is(value, -0) && !Object.is(before, -0))) return false;
  }
  return values.length !== 1 || !Number.isNaN(values[0]);
}
