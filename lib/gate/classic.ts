/**
 * The classic rule of `m5gate`: overhead, spread over reruns, and regression against a baseline, as earlier implementations judged
 * them; but absence and NaN never pass. Pure: the seed is an argument. Its known weaknesses are why it is not the last word.
 */
import { mean, quantile } from "../stats/describe.ts";
import { erfc } from "../stats/erfc.ts";
import { mannWhitneyU } from "../stats/mann_whitney.ts";
import { random } from "../stats/random.ts";
import type { Verdict } from "./verdict.ts";

export interface Parameters {
  readonly maxOverheadPct: number;
  readonly maxVariancePct: number;
  readonly minRuns: number;
  readonly ttftRegressionPct: number;
  readonly alpha: number;
  readonly bootstrapIters: number;
  readonly seed: number;
  readonly minSamples: number;
  readonly minCliffsDelta: number;
}

export interface Judged {
  readonly verdict: Verdict;
  /** Why, where it is not a plain pass. */
  readonly reasons: readonly string[];
}

export interface Run {
  readonly ttftMs: readonly number[];
  readonly tokensPerSecond: readonly number[];
  readonly errors: readonly number[];
}

/** Rows of a node under which its p95 has no upper bound at 95 %. */
const NODE_FLOOR = 59;

export interface Overhead extends Judged {
  readonly max_observed_pct: number | null;
  readonly mean_observed_pct: number | null;
  readonly sample_count: number;
  readonly node_p95_observed: Readonly<Record<string, number>>;
  readonly max_node_p95_pct: number;
}

/** CPU per cent of one CPU, by node, pooled over all runs. */
export function judgeOverhead(
  byNode: ReadonlyMap<string, readonly number[]>,
  { maxOverheadPct }: Parameters,
): Overhead {
  const all = [...byNode.values()].flat();
  const p95 = Object.fromEntries(
    [...byNode].sort(([a], [b]) => a < b ? -1 : 1).map(([node, v]) => [node, quantile(v, 0.95)]),
  );
  const base = {
    max_observed_pct: all.length === 0 ? null : quantile(all, 1),
    mean_observed_pct: all.length === 0 ? null : mean(all),
    sample_count: all.length,
    node_p95_observed: p95,
    max_node_p95_pct: maxOverheadPct,
  };
  if (all.length === 0) {
    return { ...base, verdict: "not-evaluated", reasons: ["overhead: no rows of collector_overhead.csv"] };
  }
  if (all.some((value) => !Number.isFinite(value))) {
    return { ...base, verdict: "inconclusive", reasons: ["overhead: not a number"] };
  }
  const over = Object.entries(p95).filter(([, value]) => !(value <= maxOverheadPct)).map(([node, value]) =>
    `overhead: p95 of node ${node} is ${value.toFixed(2)} %, over ${maxOverheadPct} %`
  );
  if (!(mean(all) <= maxOverheadPct)) {
    over.push(`overhead: the mean is ${mean(all).toFixed(2)} %, over ${maxOverheadPct} %`);
  }
  if (over.length > 0) return { ...base, verdict: "fail", reasons: over };
  const few = [...byNode].filter(([, rows]) => rows.length < NODE_FLOOR).map(([node, rows]) =>
    `overhead: node ${node} has ${rows.length} rows, ${NODE_FLOOR} would do`
  );
  return { ...base, verdict: few.length > 0 ? "inconclusive" : "pass", reasons: few };
}

export interface Variance extends Judged {
  readonly run_count: number;
  readonly ttft_p95_values: readonly number[];
  readonly mean_ttft_p95: number;
  readonly stddev_ttft_p95: number;
  readonly variance_pct: number;
  readonly tokens_p50_values: readonly number[];
  readonly mean_tokens_p50: number;
  readonly stddev_tokens_p50: number;
  readonly tokens_variance_pct: number;
  readonly error_rate_variance_pct: number;
}

/** Coefficient of variation over the runs of one scenario. */
export function judgeVariance(
  scenario: string,
  runs: readonly Run[],
  { minRuns, maxVariancePct }: Parameters,
): Variance {
  const ttft = spread(runs.map((run) => quantile(run.ttftMs, 0.95)));
  const tokens = spread(runs.map((run) => quantile(run.tokensPerSecond, 0.5)));
  const base = {
    run_count: runs.length,
    ttft_p95_values: ttft.values,
    mean_ttft_p95: ttft.mean,
    stddev_ttft_p95: ttft.stddev,
    variance_pct: ttft.cvPct,
    tokens_p50_values: tokens.values,
    mean_tokens_p50: tokens.mean,
    stddev_tokens_p50: tokens.stddev,
    tokens_variance_pct: tokens.cvPct,
    error_rate_variance_pct: spread(runs.map((run) => mean(run.errors))).cvPct,
  };
  if (runs.length === 0) return { ...base, verdict: "not-evaluated", reasons: [`variance ${scenario}: no runs`] };
  if (runs.length < minRuns) {
    return { ...base, verdict: "fail", reasons: [`variance ${scenario}: ${runs.length} runs, ${minRuns} are needed`] };
  }
  const rows = [["TTFT p95", ttft.cvPct], ["token rate p50", tokens.cvPct]] as const;
  const nan = rows.filter(([, cv]) => !Number.isFinite(cv)).map(([what]) =>
    `variance ${scenario}: ${what} is no number`
  );
  if (nan.length > 0) return { ...base, verdict: "inconclusive", reasons: nan };
  const wide = rows.filter(([, cv]) => cv > maxVariancePct).map(([what, cv]) =>
    `variance ${scenario}: ${what} varies by ${cv.toFixed(1)} %, over ${maxVariancePct} %`
  );
  return { ...base, verdict: wide.length > 0 ? "fail" : "pass", reasons: wide };
}

/** With n - 1. A mean of 0 has a CV of 0, as the classic rule has it. */
function spread(values: readonly number[]): { values: readonly number[]; mean: number; stddev: number; cvPct: number } {
  const centre = mean(values);
  const stddev = values.length < 2
    ? 0
    : Math.sqrt(values.reduce((sum, v) => sum + (v - centre) ** 2, 0) / (values.length - 1));
  return { values, mean: centre, stddev, cvPct: centre === 0 ? 0 : 100 * stddev / centre };
}

export interface Significance extends Judged {
  readonly candidate_n: number;
  readonly baseline_n: number;
  readonly candidate_ttft_p95: number;
  readonly baseline_ttft_p95: number;
  readonly ttft_regression_pct: number;
  readonly candidate_tokens_p50: number;
  readonly baseline_tokens_p50: number;
  readonly mann_whitney_p_value: number;
  readonly bootstrap_delta_ci95: readonly [number, number];
  readonly cliffs_delta: number;
}

/** Requests pooled over runs. Fails only if the p95 rose, the test and the interval agree, and the effect is not negligible. */
export function judgeRegression(scenario: string, candidate: Run, baseline: Run, p: Parameters): Significance {
  const [x, y] = [candidate.ttftMs, baseline.ttftMs];
  const [xp95, yp95] = [quantile(x, 0.95), quantile(y, 0.95)];
  const test = mannWhitneyU(x, y, { method: "normal" });
  const base = {
    candidate_n: x.length,
    baseline_n: y.length,
    candidate_ttft_p95: xp95,
    baseline_ttft_p95: yp95,
    ttft_regression_pct: 100 * (xp95 / yp95 - 1),
    candidate_tokens_p50: quantile(candidate.tokensPerSecond, 0.5),
    baseline_tokens_p50: quantile(baseline.tokensPerSecond, 0.5),
    mann_whitney_p_value: classicP(x, y),
    bootstrap_delta_ci95: bootstrapDelta(scenario, x, y, p),
    cliffs_delta: 2 * test.u / (x.length * y.length) - 1,
  };
  const said = (verdict: Verdict, ...reasons: string[]) => ({
    ...base,
    verdict,
    reasons: reasons.map((r) => `significance ${scenario}: ${r}`),
  });
  if (x.length === 0 || y.length === 0) {
    return said("not-evaluated", `no samples of the ${x.length === 0 ? "candidate" : "baseline"}`);
  }
  if (Math.min(x.length, y.length) < p.minSamples) {
    return said("fail", `${x.length} and ${y.length} samples, ${p.minSamples} are needed`);
  }
  if (!(yp95 > 0)) return said("not-evaluated", "the baseline's p95 is not above 0");
  if (![xp95, base.mann_whitney_p_value, base.cliffs_delta].every(Number.isFinite)) {
    return said("inconclusive", "not a number");
  }
  const harm = base.ttft_regression_pct > p.ttftRegressionPct && base.mann_whitney_p_value < p.alpha &&
    base.bootstrap_delta_ci95[0] > 0 && Math.abs(base.cliffs_delta) >= p.minCliffsDelta;
  return harm
    ? said("fail", `TTFT p95 rose by ${base.ttft_regression_pct.toFixed(1)} %, over ${p.ttftRegressionPct} %`)
    : said("pass");
}

/** u = min(U, mn - U), z = (u - mn/2 + 1/2) / sigma with ties, p = 2 (1 - Phi(|z|)): .88 for equal samples of 4, where 1 would be right. */
function classicP(x: readonly number[], y: readonly number[]): number {
  const [m, n] = [x.length, y.length];
  const { u } = mannWhitneyU(x, y, { method: "normal" });
  const ties = new Map<number, number>();
  for (const value of [...x, ...y]) ties.set(value, (ties.get(value) ?? 0) + 1);
  const tied = [...ties.values()].reduce((sum, t) => sum + t ** 3 - t, 0);
  const sigma = Math.sqrt(m * n / 12 * (m + n + 1 - tied / ((m + n) * (m + n - 1))));
  if (!(sigma > 0)) return 1;
  const z = (Math.min(u, m * n - u) - m * n / 2 + 0.5) / sigma;
  return erfc(Math.abs(z) / Math.SQRT2);
}

/** Difference of the p95s; both arms drawn again, request by request, as the classic rule does. */
function bootstrapDelta(scenario: string, x: readonly number[], y: readonly number[], p: Parameters): [number, number] {
  if (x.length === 0 || y.length === 0) return [NaN, NaN];
  const stream = random(`${p.seed}/E3/${scenario}/ttft_ms`);
  const draw = (values: readonly number[]) => quantile(values.map(() => values[stream.below(values.length)]!), 0.95);
  const [xs, ys] = [[...x].sort((a, b) => a - b), [...y].sort((a, b) => a - b)];
  const deltas = Float64Array.from({ length: p.bootstrapIters }, () => draw(xs) - draw(ys)).sort();
  const last = deltas.length - 1;
  return [deltas[Math.floor(0.025 * last)]!, deltas[Math.ceil(0.975 * last)]!];
}
