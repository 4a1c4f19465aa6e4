/** The nine sample quantiles of Hyndman and Fan (1996), under the names NumPy gives them; type 1 is better known as nearest rank. */

export type QuantileRule =
  | "nearest_rank"
  | "averaged_inverted_cdf"
  | "closest_observation"
  | "interpolated_inverted_cdf"
  | "hazen"
  | "weibull"
  | "linear"
  | "median_unbiased"
  | "normal_unbiased";

/**
 * Where the quantile lies among the sorted values, counted from 0: at 2.25 it is a quarter of the way from the third value to the
 * fourth. Types 1 to 3 jump from value to value.
 */
const POSITIONS: Readonly<Record<QuantileRule, (n: number, q: number) => number>> = {
  /** Type 1: the value of rank ceil(nq). */
  nearest_rank: (n, q) => Math.ceil(settled(n * q)) - 1,
  /** Type 2: the same, but the mean of two values where nq is whole. */
  averaged_inverted_cdf: (n, q) => {
    const rank = settled(n * q);
    return Number.isInteger(rank) ? rank - 0.5 : Math.ceil(rank) - 1;
  },
  /** Type 3: the value whose rank is nearest to nq, of two the even one. */
  closest_observation: (n, q) => {
    const rank = settled(n * q);
    const down = Math.floor(rank);
    return (rank - down === 0.5 ? down + down % 2 : Math.round(rank)) - 1;
  },
  /** Type 4. */
  interpolated_inverted_cdf: (n, q) => n * q - 1,
  /** Type 5. */
  hazen: (n, q) => n * q - 0.5,
  /** Type 6. */
  weibull: (n, q) => (n + 1) * q - 1,
  /** Type 7. */
  linear: (n, q) => (n - 1) * q,
  /** Type 8. */
  median_unbiased: (n, q) => (n + 1 / 3) * q - 2 / 3,
  /** Type 9. */
  normal_unbiased: (n, q) => (n + 1 / 4) * q - 5 / 8,
};

export interface Position {
  /** Of the value at or below, from 0. */
  readonly rank: number;
  /** How far it is to the next one, in [0, 1). */
  readonly part: number;
}

/** Of n values, n > 0. @throws RangeError for a rule that is none of these, and for q outside [0, 1] */
export function positionOf(rule: QuantileRule, n: number, q: number): Position {
  checkQuantile(q);
  const position = Object.hasOwn(POSITIONS, rule) ? POSITIONS[rule] : undefined;
  if (position === undefined) {
    throw new RangeError(`Cannot use "rule ${rule}": it is none of ${Object.keys(POSITIONS).join(", ")}`);
  }
  const at = Math.min(n - 1, Math.max(0, settled(position(n, q))));
  const rank = Math.floor(at);
  return { rank, part: at - rank };
}

/** @throws RangeError for q outside [0, 1] */
export function checkQuantile(q: number): void {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`Cannot take "quantile ${q}": it lies outside 0 to 1`);
}

/** What lies `part` of the way from low to high. A value that is met stays as it is: Infinity less Infinity would be NaN. */
export function between(low: number, high: number, part: number): number {
  if (part === 0 || low === high) return low;
  if (low === -Infinity && high < Infinity) return low;
  const width = high - low;
  return width < Infinity ? low + part * width : (1 - part) * low + part * high;
}

/** 0.07 times 100 is 7.000000000000001: a product within a few roundings of a whole number is that number. */
export function settled(position: number): number {
  const whole = Math.round(position);
  return Math.abs(position - whole) <= 8 * Number.EPSILON * Math.abs(whole) ? whole : position;
}
