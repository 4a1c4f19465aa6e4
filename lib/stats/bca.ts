/** Efron's (1987) bias-corrected and accelerated limits. */
import { quantileOfSorted } from "./describe.ts";
import { normalQuantile, normalTail } from "./normal.ts";
import { sum } from "./sum.ts";

/**
 * @param values The sample, in order, of which `estimate` is the statistic
 * @param results The statistic of every resample, in order
 * @returns NaN where every resample lies to one side of the estimate: then there is nothing to correct by
 */
export function bcaLimits(
  values: Float64Array,
  statistic: (values: Float64Array) => number,
  estimate: number,
  results: Float64Array,
  tail: number,
): { low: number; high: number } {
  const less = results.filter((result) => result < estimate).length;
  const equal = results.filter((result) => result === estimate).length;
  const bias = normalQuantile((less + equal / 2) / results.length);
  const acceleration = accelerationOf(values, statistic);
  const limit = (z: number) => {
    const shifted = bias + z;
    const at = bias + shifted / (1 - acceleration * shifted);
    return Number.isFinite(at) ? quantileOfSorted(results, normalTail(-at)) : NaN;
  };
  return { low: limit(normalQuantile(tail)), high: limit(-normalQuantile(tail)) };
}

/** A sixth of the skewness of the jackknife's influences; 0 where leaving a value out changes nothing. */
function accelerationOf(values: Float64Array, statistic: (values: Float64Array) => number): number {
  if (values.length < 2) return 0;
  const rest = new Float64Array(values.length - 1);
  const without = values.map((_, i) => {
    rest.set(values.subarray(0, i));
    rest.set(values.subarray(i + 1), i);
    return statistic(rest);
  });
  const centre = sum(without) / without.length;
  const influences = without.map((value) => centre - value);
  const squares = sum(influences.map((l) => l * l));
  return squares === 0 ? 0 : sum(influences.map((l) => l ** 3)) / (6 * squares ** 1.5);
}
