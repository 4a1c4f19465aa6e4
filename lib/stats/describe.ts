/** Location and spread of a sample. Nothing to describe is NaN, and one NaN in the sample makes the answer NaN. */

/** A sorted copy: NaN last, -0 before 0. */
export function sorted(values: Iterable<number>): Float64Array {
  return Float64Array.from(values).sort();
}

/** Sum with compensation over sorted values, so that the order of the rows does not change a digit. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  let lost = 0;
  for (const value of sorted(values)) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? (total - next) + value : (value - next) + total;
    total = next;
  }
  // With infinities the compensation is NaN while the plain sum is right.
  return Number.isFinite(total) ? total + lost : total;
}

export function mean(values: Iterable<number>): number {
  const list = [...values];
  return list.length === 0 ? NaN : sum(list) / list.length;
}

/**
 * Quantile by linear interpolation, type 7 of Hyndman and Fan (the default of R and NumPy).
 * @param q In [0, 1]; a RangeError otherwise.
 */
export function quantile(values: Iterable<number>, q: number): number {
  return quantileOfSorted(sorted(values), q);
}

/** The same of values already sorted by `sorted`. */
export function quantileOfSorted(values: Float64Array, q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`Cannot take "quantile ${q}": it lies outside 0 to 1`);
  const last = values.length - 1;
  if (last < 0 || Number.isNaN(values[last])) return NaN;
  const h = last * q;
  const low = values[Math.floor(h)]!;
  const high = values[Math.min(Math.floor(h) + 1, last)]!;
  // Equal neighbours as they are: Infinity minus Infinity would be NaN.
  return low === high ? low : low + (h - Math.floor(h)) * (high - low);
}

export function median(values: Iterable<number>): number {
  return quantile(values, 0.5);
}

/** Median absolute deviation from the median, unscaled; times 1.4826 it estimates a normal standard deviation. */
export function mad(values: Iterable<number>): number {
  const list = sorted(values);
  const middle = quantileOfSorted(list, 0.5);
  return median(list.map((value) => value === middle ? 0 : Math.abs(value - middle)));
}
