/** Two samples ranked together. */
import { ascending } from "./describe.ts";

export interface RankSum {
  /** Twice the sum of the midranks of x: an integer even with ties. */
  readonly doubledSum: number;
  readonly tied: boolean;
  /** Variance of U when x and y come from one distribution, the ties as they are; 0 when every value is the same. */
  readonly variance: number;
}

/** Both in order; null when one of them is empty or holds a NaN, which has no rank. */
export function rankable(x: Iterable<number>, y: Iterable<number>): [Float64Array, Float64Array] | null {
  const both: [Float64Array, Float64Array] = [ascending(x), ascending(y)];
  return both.every((list) => list.length > 0 && !Number.isNaN(list.at(-1))) ? both : null;
}

/**
 * Visits the distinct values of both together, from the least on: how many of x and of y have it, and how many of each are less.
 * -0 and 0 are one value.
 */
export function eachGroup(
  x: Float64Array,
  y: Float64Array,
  visit: (ofX: number, ofY: number, lessX: number, lessY: number) => void,
): void {
  for (let i = 0, j = 0; i < x.length || j < y.length;) {
    const value = j === y.length || x[i]! <= y[j]! ? x[i]! : y[j]!;
    const [lessX, lessY] = [i, j];
    while (i < x.length && x[i] === value) i++;
    while (j < y.length && y[j] === value) j++;
    visit(i - lessX, j - lessY, lessX, lessY);
  }
}

export function rankSum(x: Float64Array, y: Float64Array): RankSum {
  const [m, n, total] = [x.length, y.length, x.length + y.length];
  let doubledSum = 0;
  let tied = false;
  // t (N - t)(N + t) over groups of t: N^3 - N less the usual tie term, in positive parts only, so that it cannot cancel. What the
  // additions lose is kept: far in a tail one part in 1e14 of z is one in 1e11 of p.
  let [spread, lost] = [0, 0];
  eachGroup(x, y, (ofX, ofY, lessX, lessY) => {
    const t = ofX + ofY;
    doubledSum += ofX * doubledRank(t, lessX + lessY);
    tied ||= t > 1;
    const part = t * (total - t) * (total + t);
    const both = spread + part;
    lost += spread >= part ? (spread - both) + part : (part - both) + spread;
    spread = both;
  });
  return { doubledSum, tied, variance: m * n / 12 * ((spread + lost) / (total * (total - 1))) };
}

/** Twice the midrank, from 1, of t equal values above `less` others: first rank plus last. */
export function doubledRank(t: number, less: number): number {
  return 2 * less + t + 1;
}
