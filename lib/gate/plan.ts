/** How many runs and requests a margin needs, with the spread a baseline shows: before a benchmark is made, not after. Pure. */
import { bootstrapReplicates } from "../stats/bootstrap.ts";
import { mean, quantile, variance } from "../stats/describe.ts";
import { chiSquareQuantile } from "../stats/gamma.ts";
import { normalQuantile, normalTail } from "../stats/normal.ts";

/** How a quantile of one field varies, as standard deviations of its logarithm. */
export interface SpreadSeen {
  readonly runs: number;
  /** Requests of a run, on average. */
  readonly samples: number;
  /** Between runs, without what `sampling` alone explains; a ratio. */
  readonly betweenRuns: number;
  /** Of one run with `samples` requests, from drawing other requests alone. */
  readonly sampling: number;
}

export interface Design {
  readonly runs: number;
  readonly samples: number;
}

/**
 * The variance of the runs' log quantiles is that between runs plus that of sampling; the latter is known from drawing each run again.
 * Null below 2 runs, and where a run's quantile is no positive number.
 */
export function spreadSeen(runs: readonly Float64Array[], q: number, key: string): SpreadSeen | null {
  const logs = runs.map((run) => Math.log(quantile(run, q)));
  if (runs.length < 2 || !logs.every(Number.isFinite)) return null;
  const sampling = mean(runs.map((run, i) => {
    const drawn = bootstrapReplicates(run, { quantile: q }, { replicates: 400, seed: `${key}/plan/${i}` });
    return variance(drawn.map(Math.log));
  }));
  return {
    runs: runs.length,
    samples: mean(runs.map((run) => run.length)),
    betweenRuns: Math.sqrt(Math.max(0, variance(logs) - sampling)),
    sampling: Math.sqrt(sampling),
  };
}

/**
 * Chance that the three-way rule passes when nothing changed, both arms being of this design. The estimate's own variance is that
 * between runs plus that of sampling, over the runs; the two-level bootstrap, which draws the requests once more, has the latter twice,
 * and the former without one of its runs. Both are taken as normal in the logarithm.
 *
 * @param margin ratio; @param alpha one-sided
 */
export function powerToPass(seen: SpreadSeen, { runs, samples }: Design, margin: number, alpha: number): number {
  const between = seen.betweenRuns ** 2;
  const within = seen.sampling ** 2 * seen.samples / samples;
  const own = Math.sqrt(2 * (between + within) / runs);
  const drawn = Math.sqrt(2 * ((runs - 1) / runs * (between + within) + within) / runs);
  const room = Math.log1p(margin) + normalQuantile(alpha) * drawn;
  if (own === 0) return room > 0 ? 1 : 0;
  return normalTail(-room / own);
}

/** The most spread that so few runs do not rule out: the upper limit of the variance of their log quantiles, one-sided. */
export function spreadAtMost(seen: SpreadSeen, confidence: number): SpreadSeen {
  const df = seen.runs - 1;
  const total = (seen.betweenRuns ** 2 + seen.sampling ** 2) * df / chiSquareQuantile(1 - confidence, df);
  return { ...seen, betweenRuns: Math.sqrt(Math.max(0, total - seen.sampling ** 2)) };
}

/** The fewest runs that pass with that chance, the requests of a run given; null above `most`. */
export function runsNeeded(
  seen: SpreadSeen,
  samples: number,
  margin: number,
  alpha: number,
  power: number,
  most = 1000,
): number | null {
  for (let runs = 3; runs <= most; runs++) {
    if (powerToPass(seen, { runs, samples }, margin, alpha) >= power) return runs;
  }
  return null;
}
