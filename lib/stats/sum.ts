/** Sums and means that are right to the last bit, and so the same in whatever order the values come. */

import { floats } from "./floats.ts";

type Values = readonly number[] | Float64Array;

/** The exact sum, rounded once. 0 for nothing; infinities and NaN as in plain addition. */
export function sum(values: Iterable<number>): number {
  const { total, unit } = exactSum(listed(values));
  return total * unit;
}

/** NaN for nothing. */
export function mean(values: Iterable<number>): number {
  const list = listed(values);
  const { total, unit } = exactSum(list);
  return list.length === 0 ? NaN : total / list.length * unit;
}

/** Variance with n - 1; NaN for fewer than two values. */
export function variance(values: Iterable<number>): number {
  const { squared, unit } = spread(values);
  return squared * unit * unit;
}

/** Standard deviation with n - 1; NaN for fewer than two values. It holds where the variance leaves the doubles. */
export function stddev(values: Iterable<number>): number {
  const { squared, unit } = spread(values);
  return Math.sqrt(squared) * unit;
}

/** The variance in units of a power of two, so that no square of 1e-200 is 0 and none of 1e200 infinite. */
function spread(values: Iterable<number>): { readonly squared: number; readonly unit: number } {
  const list = listed(values);
  const centre = mean(list);
  if (list.length < 2 || Number.isNaN(centre)) return { squared: NaN, unit: 1 };
  let widest = 0;
  for (const value of list) widest = Math.max(widest, Math.abs(value - centre));
  if (!(widest > 0 && widest < Infinity)) return { squared: widest, unit: 1 };
  const unit = 2 ** Math.min(1023, Math.max(-1022, Math.floor(Math.log2(widest))));
  const squares = Float64Array.from(list, (value) => ((value - centre) / unit) ** 2);
  return { squared: sum(squares) / (list.length - 1), unit };
}

function listed(values: Iterable<number>): Values {
  return Array.isArray(values) || values instanceof Float64Array ? values : floats(values);
}

/** The sum is total times unit; the unit is not 1 where the sum, or a part of it, is beyond the doubles. */
function exactSum(values: Values): { total: number; unit: number } {
  const total = rounded(expansion(values, 1));
  if (Number.isFinite(total)) return { total, unit: 1 };
  let infinite = 0;
  for (const value of values) infinite += Number.isFinite(value) ? 0 : typeof value === "number" ? value : NaN;
  if (infinite !== 0) return { total: infinite, unit: 1 };
  return { total: rounded(expansion(values, 2 ** -64)), unit: 2 ** 64 };
}

/** The exact sum as parts that do not overlap, the smallest first: Shewchuk's (1997) expansion, grown value by value. */
function expansion(values: Values, factor: number): number[] {
  const parts: number[] = [];
  let count = 0;
  for (let v = 0; v < values.length; v++) {
    const value = values[v]!;
    // What is no number, as in data that was never checked, is NaN and not 0.
    let high = typeof value === "number" ? value * factor : NaN;
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const part = parts[i]!;
      const both = high + part;
      // What the addition lost, whichever of the two was larger (Knuth).
      const back = both - high;
      const lost = (high - (both - back)) + (part - back);
      if (lost !== 0) parts[kept++] = lost;
      high = both;
    }
    parts[kept++] = high;
    count = kept;
  }
  parts.length = count;
  return parts;
}

/** The double nearest to the sum of an expansion, ties to even. */
function rounded(parts: readonly number[]): number {
  let i = parts.length - 1;
  let high = parts[i] ?? 0;
  let lost = 0;
  while (i > 0 && lost === 0) {
    const part = parts[--i]!;
    const both = high + part;
    lost = part - (both - high);
    high = both;
  }
  // Halfway between two doubles so far: what is below decides.
  const rest = i > 0 ? parts[i - 1]! : 0;
  if (Math.sign(lost) * Math.sign(rest) > 0) {
    const next = high + 2 * lost;
    if (next - high === 2 * lost) return next;
  }
  return high;
}
