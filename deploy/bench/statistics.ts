/**
 * What a release gate must compute: for each scenario the interval of the ratio of two p95s, clustered by run, and the rank
 * statistics of all requests against those of the baseline. Pure computation: on one thread, nothing of the kernel.
 */
import { bootstrapReplicates } from "../../lib/stats/bootstrap.ts";
import { cliffsDelta } from "../../lib/stats/cliffs_delta.ts";
import { quantile } from "../../lib/stats/describe.ts";
import { hodgesLehmann } from "../../lib/stats/hodges_lehmann.ts";
import { mannWhitneyU } from "../../lib/stats/mann_whitney.ts";
import { normal, random } from "../../lib/stats/random.ts";

const SCENARIOS = 7;
const RUNS = 10;
const SAMPLES = 10_000;
const REPLICATES = 2000;
/** Drawing value by value takes long enough that a tenth of the replicates tells. */
const DRAWN_REPLICATES = 200;

export interface StatisticsResult {
  readonly scenarios: number;
  readonly runs: number;
  readonly samples_per_run: number;
  readonly replicates: number;
  /** Clustered bootstrap of all scenarios, both arms, from unsorted rows to the limits. */
  readonly bootstrap_seconds: number;
  /** Mann-Whitney, Cliff's delta and Hodges-Lehmann, each with its interval, of all scenarios. */
  readonly rank_seconds: number;
  /** The same bootstrap by drawing, for one value drawn. */
  readonly draw_ns: number;
  /** Limits of the last scenario's ratio, so that nothing computed goes unused. */
  readonly ratio: readonly [number, number];
}

export function benchStatistics(): StatisticsResult {
  const arms = Array.from({ length: SCENARIOS }, (_, i) => [arm(`${i}/candidate`), arm(`${i}/baseline`)] as const);
  const started = performance.now();
  let ratio: [number, number] = [NaN, NaN];
  arms.forEach(([candidate, baseline], i) => {
    const [c, b] = [p95s(candidate, `42/${i}/candidate`), p95s(baseline, `42/${i}/baseline`)];
    const ratios = c.map((value, r) => value / b[r]!);
    ratio = [quantile(ratios, 0.025), quantile(ratios, 0.975)];
  });
  const bootstrapped = performance.now();
  for (const [candidate, baseline] of arms) {
    for (const statistic of [mannWhitneyU, cliffsDelta, hodgesLehmann]) statistic(candidate.values, baseline.values);
  }
  const ranked = performance.now();
  p95s(arms[0]![0], "42/drawn", { engine: "draws", replicates: DRAWN_REPLICATES });
  const drawn = performance.now();
  return {
    scenarios: SCENARIOS,
    runs: RUNS,
    samples_per_run: SAMPLES,
    replicates: REPLICATES,
    bootstrap_seconds: (bootstrapped - started) / 1000,
    rank_seconds: (ranked - bootstrapped) / 1000,
    draw_ns: (drawn - ranked) * 1e6 / (DRAWN_REPLICATES * RUNS * SAMPLES),
    ratio,
  };
}

interface Arm {
  readonly values: Float64Array;
  readonly runs: Uint8Array;
}

/** Lognormal TTFT in ms, and runs that differ by 5 %. */
function arm(key: string): Arm {
  const stream = random(key);
  const values = new Float64Array(RUNS * SAMPLES);
  const shifts = Array.from({ length: RUNS }, () => 200 * Math.exp(0.05 * normal(stream)));
  const runs = Uint8Array.from(values, (_, i) => Math.floor(i / SAMPLES));
  return { values: values.map((_, i) => shifts[runs[i]!]! * Math.exp(0.25 * normal(stream))), runs };
}

function p95s({ values, runs }: Arm, seed: string, options: { engine?: "draws"; replicates?: number } = {}) {
  return bootstrapReplicates(values, { quantile: 0.95 }, { replicates: REPLICATES, ...options, clusters: runs, seed });
}
