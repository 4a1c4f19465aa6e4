/**
 * The classic rule of `m5gate`, as earlier implementations judged spread over reruns and regression against a baseline: parity in
 * every statistic, but absence and NaN never pass. Pure: the seed is an argument. Its known weaknesses (docs/gates.md) are why it is
 * not the default.
 */
import { bootstrapReplicates } from "../stats/bootstrap.ts";
import { quantile } from "../stats/describe.ts";
import { erfc } from "../stats/erfc.ts";
import { eachGroup, rankable } from "../stats/rank_sum.ts";
import type { Judged, Parameters } from "./m5_evidence.ts";
import type { VarianceNumbers } from "./variance.ts";
import type { Verdict } from "./verdict.ts";

/** Coefficient of variation over the runs of one scenario: a mean of 0 has a CV of 0, and few runs fail. */
export function classicVariance(
  scenario: string,
  numbers: VarianceNumbers,
  { minRuns, maxVariancePct }: Pick<Parameters, "minRuns" | "maxVariancePct">,
): Judged {
  const said = (verdict: Verdict, reason: string | null, ...reasons: string[]): Judged => ({
    verdict,
    reason,
    reasons: reasons.map((sentence) => `variance ${scenario}: ${sentence}`),
  });
  const runs = numbers.run_count;
  if (runs === 0) return said("not-evaluated", "no-data", "no runs");
  if (runs < minRuns) return said("fail", "too-few-runs", `${runs} runs, ${minRuns} are needed`);
  const rows = [["TTFT p95", numbers.variance_pct], ["token rate p50", numbers.tokens_variance_pct]] as const;
  const nan = rows.filter(([, cv]) => Number.isNaN(cv)).map(([what]) => `${what} is no number`);
  if (nan.length > 0) return said("inconclusive", "nan", ...nan);
  const wide = rows.filter(([, cv]) => cv > maxVariancePct)
    .map(([what, cv]) => `${what} varies by ${cv.toFixed(1)} %, over ${maxVariancePct} %`);
  return wide.length > 0 ? said("fail", "over-limit", ...wide) : said("pass", null);
}

export interface ClassicRegression extends Judged {
  readonly ttft_ms: { readonly candidate: number; readonly baseline: number };
  readonly ttft_regression_pct: number;
  readonly mann_whitney_p_value: number;
  readonly bootstrap_delta_ci95: readonly [number, number];
  readonly cliffs_delta: number;
}

/** Requests pooled over runs. Fails only if the p95 rose, the test and the interval agree, and the effect is not negligible. */
export function classicRegression(
  scenario: string,
  candidate: Float64Array,
  baseline: Float64Array,
  p: Parameters,
): ClassicRegression {
  const [x, y] = [candidate.toSorted(), baseline.toSorted()];
  const [xp95, yp95] = [quantile(x, 0.95), quantile(y, 0.95)];
  const base = {
    ttft_ms: { candidate: xp95, baseline: yp95 },
    ttft_regression_pct: 100 * (xp95 / yp95 - 1),
    ...ranks(x, y),
    bootstrap_delta_ci95: bootstrapDelta(scenario, x, y, p),
  };
  const said = (verdict: Verdict, reason: string | null, ...reasons: string[]): ClassicRegression => ({
    ...base,
    verdict,
    reason,
    reasons: reasons.map((sentence) => `significance ${scenario}: ${sentence}`),
  });
  if (x.length === 0 || y.length === 0) {
    return said("not-evaluated", "no-data", `no samples of the ${x.length === 0 ? "candidate" : "baseline"}`);
  }
  if (Math.min(x.length, y.length) < p.minSamples) {
    return said("fail", "below-floor", `${x.length} and ${y.length} samples, ${p.minSamples} are needed`);
  }
  if (Number.isNaN(xp95) || Number.isNaN(yp95)) return said("inconclusive", "nan", "a TTFT is not a number");
  if (!(yp95 > 0 && yp95 < Infinity)) {
    return said("not-evaluated", "baseline-quantile", "the baseline's p95 is not a number above 0");
  }
  const harm = base.ttft_regression_pct > p.ttftRegressionPct && base.mann_whitney_p_value < p.alpha &&
    base.bootstrap_delta_ci95[0] > 0 && Math.abs(base.cliffs_delta) >= p.minCliffsDelta;
  return harm
    ? said(
      "fail",
      "over-margin",
      `TTFT p95 rose by ${base.ttft_regression_pct.toFixed(1)} %, over ${p.ttftRegressionPct} %`,
    )
    : said("pass", null);
}

/**
 * u = min(U, mn - U), z = (u - mn/2 + 1/2) / sigma with ties, p = 2 (1 - Phi(|z|)): .88 for equal samples of 4, where 1 would be
 * right. Both in order.
 */
function ranks(x: Float64Array, y: Float64Array): { mann_whitney_p_value: number; cliffs_delta: number } {
  if (rankable(x, y) === null) return { mann_whitney_p_value: NaN, cliffs_delta: NaN };
  const [m, n] = [x.length, y.length];
  let [u, tied] = [0, 0];
  eachGroup(x, y, (ofX, ofY, _, lessY) => {
    u += ofX * (lessY + ofY / 2);
    tied += (ofX + ofY) ** 3 - (ofX + ofY);
  });
  const cliffs_delta = 2 * u / (m * n) - 1;
  const sigma = Math.sqrt(m * n / 12 * (m + n + 1 - tied / ((m + n) * (m + n - 1))));
  if (!(sigma > 0)) return { mann_whitney_p_value: 1, cliffs_delta };
  const z = (Math.min(u, m * n - u) - m * n / 2 + 0.5) / sigma;
  return { mann_whitney_p_value: erfc(Math.abs(z) / Math.SQRT2), cliffs_delta };
}

/**
 * Difference of the p95s, requests drawn from both arms whatever run they are of; by order statistics, which is the same distribution
 * as to draw them.
 */
function bootstrapDelta(scenario: string, x: Float64Array, y: Float64Array, p: Parameters): [number, number] {
  const of = (values: Float64Array, arm: string) =>
    bootstrapReplicates(values, { quantile: 0.95 }, {
      replicates: p.bootstrapIters,
      seed: `${p.seed}/E3-classic/${scenario}/ttft_ms/${arm}`,
    });
  const [xs, ys] = [of(x, "candidate"), of(y, "baseline")];
  const deltas = xs.map((value, i) => value - ys[i]!).sort();
  const last = deltas.length - 1;
  return [deltas[Math.floor(0.025 * last)]!, deltas[Math.ceil(0.975 * last)]!];
}
