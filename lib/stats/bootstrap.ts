/** Bootstrap confidence intervals. */
import { quantileOfSorted, sorted } from "./describe.ts";
import { random } from "./random.ts";

export interface BootstrapOptions {
  /** Names the random stream; the same seed and sample give the same interval. */
  readonly seed: string | number;
  /** Resamples drawn. Default 2 000. */
  readonly replicates?: number;
  /** Coverage of the interval, in (0, 1). Default 0.95. */
  readonly level?: number;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** The statistic of the sample itself. */
  readonly estimate: number;
  readonly method: "percentile";
}

/**
 * Percentile interval of a statistic. The sample is sorted before drawing, so the order of the rows changes nothing; the
 * statistic receives a buffer that is reused: it must not keep it. An empty sample gives NaN throughout.
 */
export function bootstrapCI(
  samples: ArrayLike<number>,
  statistic: (resample: Float64Array) => number,
  options: BootstrapOptions,
): Interval {
  const { seed, replicates = 2000, level = 0.95 } = options;
  if (!(level > 0 && level < 1)) throw new RangeError(`Cannot use "level ${level}": it lies outside 0 to 1`);
  if (!(Number.isInteger(replicates) && replicates >= 1)) {
    throw new RangeError(`Cannot draw "${replicates} replicates": it must be a positive integer`);
  }
  const values = sorted(Array.from(samples));
  if (values.length === 0) return { low: NaN, high: NaN, estimate: NaN, method: "percentile" };
  const stream = random(String(seed));
  const resample = new Float64Array(values.length);
  const results = new Float64Array(replicates);
  for (let r = 0; r < replicates; r++) {
    for (let i = 0; i < values.length; i++) resample[i] = values[stream.below(values.length)]!;
    results[r] = statistic(resample);
  }
  results.sort();
  const tail = (1 - level) / 2;
  return {
    low: quantileOfSorted(results, tail),
    high: quantileOfSorted(results, 1 - tail),
    estimate: statistic(values.slice()),
    method: "percentile",
  };
}

/** Percentile interval of the mean. */
export function bootstrapMean(samples: ArrayLike<number>, options: BootstrapOptions): Interval {
  return bootstrapCI(samples, plainMean, options);
}

/** Uncompensated on purpose: it runs once per replicate, on values of one sign and size. */
function plainMean(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total / values.length;
}
