/** What `sloctl m5gate` was asked for, checked before anything is read. */
import type { Parameters } from "../gate/m5_evidence.ts";
import { UsageError } from "../model/errors.ts";

export interface M5Options extends Parameters {
  readonly candidateRoot: string | undefined;
  readonly baselineRoot: string | undefined;
  readonly baselineManifest: string | undefined;
  readonly candidateRef: string;
  readonly candidateCommit: string;
  readonly requireBaselineManifest: boolean;
  /** Empty: those of the candidate. */
  readonly scenarios: readonly string[];
  readonly outJson: string | undefined;
  readonly outMd: string | undefined;
  readonly outSvg: string | undefined;
  readonly profile: "release" | "pr";
  readonly allowSameCommit: boolean;
  /** RFC 3339. */
  readonly now: string;
}

/** Under so many replicates the limits are rough; under a tenth of it they are none, and are refused. */
export const ROUGH_REPLICATES = 1000;
const FEWEST_REPLICATES = 100;

export interface Roots {
  readonly candidateRoot: string;
  readonly baselineRoot: string;
}

/** As the summary has them. */
export function parametersOf(options: M5Options): Readonly<Record<string, number>> {
  const { maxOverheadPct, maxVariancePct, minRuns, ttftRegressionPct, alpha, bootstrapIters, seed } = options;
  return {
    max_overhead_pct: maxOverheadPct,
    max_variance_pct: maxVariancePct,
    min_runs: minRuns,
    ttft_regression_pct: ttftRegressionPct,
    alpha,
    bootstrap_iters: bootstrapIters,
    seed,
    min_samples: options.minSamples,
    min_cliffs_delta: options.minCliffsDelta,
  };
}

/** @throws UsageError for what is missing or out of range */
export function checked(options: M5Options): Roots {
  const { candidateRoot, baselineRoot } = options;
  if (candidateRoot === undefined || baselineRoot === undefined) {
    const missing = candidateRoot === undefined ? "--candidate-root" : "--baseline-root";
    throw new UsageError(`Cannot judge: ${missing} is missing`, "Give both folders of benchmark runs");
  }
  const { alpha, bootstrapIters, minCliffsDelta } = options;
  const bounds: [string, number, boolean][] = [
    ["max-overhead-pct", options.maxOverheadPct, options.maxOverheadPct > 0],
    ["max-variance-pct", options.maxVariancePct, options.maxVariancePct > 0],
    ["min-runs", options.minRuns, options.minRuns >= 1],
    ["ttft-regression-pct", options.ttftRegressionPct, options.ttftRegressionPct > 0],
    ["alpha", alpha, alpha > 0 && alpha < 1],
    ["bootstrap-iters", bootstrapIters, bootstrapIters >= FEWEST_REPLICATES && bootstrapIters <= 100_000],
    ["min-samples", options.minSamples, options.minSamples >= 1],
    ["min-cliffs-delta", minCliffsDelta, minCliffsDelta > 0 && minCliffsDelta <= 1],
  ];
  for (const [name, value, fine] of bounds) {
    if (!fine || !Number.isFinite(value)) {
      throw new UsageError(`Cannot use "--${name} ${value}": it is out of range`, `See "sloctl m5gate --help"`);
    }
  }
  return { candidateRoot, baselineRoot };
}
