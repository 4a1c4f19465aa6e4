/** D3: how much reruns of one scenario differ. Pure. */
import { mean, quantile, stddev } from "../stats/describe.ts";
import { cvInterval } from "../stats/mean_interval.ts";
import { type BenchField, type Judged, missingWords, type Parameters, type Run } from "./m5_evidence.ts";
import { type RateSpread, rateSpread } from "./rate_spread.ts";
import { combine, type Verdict } from "./verdict.ts";

/** Error rates of reruns may lie so far apart. */
export const RATE_MARGIN = 0.01;

/** Fewer runs have no spread to speak of, whatever `--min-runs` says. */
export const FEWEST_RUNS = 3;

export interface Spread {
  readonly values: readonly number[];
  readonly mean: number;
  /** With n - 1. */
  readonly stddev: number;
  readonly cvPct: number;
}

export interface VarianceNumbers {
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

export interface Variance extends Judged {
  /** In percent, at 95 %: three runs that vary by 10 % may be runs that vary by 63 %. Null where there is none. */
  readonly variance_ci95_pct: readonly [number, number] | null;
  readonly tokens_variance_ci95_pct: readonly [number, number] | null;
  readonly error_rate_spread: RateSpread | null;
}

/** The runs in the order of their names. */
export function varianceNumbers(runs: readonly Run[]): VarianceNumbers {
  const ttft = spread(runs.map((run) => quantile(run.ttftMs, 0.95)));
  const tokens = spread(runs.map((run) => quantile(run.tokensPerSecond, 0.5)));
  return {
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
}

/** A mean of 0 has a CV of 0, and one run has none. Infinite values among finite ones vary without bound. */
function spread(values: readonly number[]): Spread {
  const centre = mean(values);
  const wide = values.length < 2 ? 0 : stddev(values);
  const boundless = values.includes(Infinity) && values.some(Number.isFinite) && !values.some(Number.isNaN);
  const cvPct = boundless ? Infinity : centre === 0 ? 0 : 100 * wide / centre;
  return { values, mean: centre, stddev: boundless ? Infinity : wide, cvPct };
}

export function judgeVariance(
  scenario: string,
  runs: readonly Run[],
  numbers: VarianceNumbers,
  { minRuns, maxVariancePct, alpha }: Pick<Parameters, "minRuns" | "maxVariancePct" | "alpha">,
): Variance {
  const needed = Math.max(minRuns, FEWEST_RUNS);
  const rates = runs.map(({ errors }) => ({ k: errors.reduce((sum, rate) => sum + rate, 0), n: errors.length }));
  const apart = runs.length === 0 ? null : rateSpread(rates, RATE_MARGIN, alpha / 2);
  const interval = (values: readonly number[]): readonly [number, number] | null => {
    if (values.length < 2 || !values.every(Number.isFinite) || mean(values) === 0) return null;
    const { low, high } = cvInterval(values);
    return [100 * low, 100 * high];
  };
  const base = {
    variance_ci95_pct: interval(numbers.ttft_p95_values),
    tokens_variance_ci95_pct: interval(numbers.tokens_p50_values),
    error_rate_spread: apart,
  };
  const told = (rows: readonly [Verdict, string, string][], notes: readonly string[] = []): Variance => {
    const verdict = rows.length === 0 ? "pass" : combine(rows.map(([verdict]) => verdict));
    return {
      ...base,
      verdict,
      reason: rows.find(([of]) => of === verdict)?.[1] ?? null,
      reasons: rows.map(([, , sentence]) => `variance ${scenario}: ${sentence}`),
      notes,
      ...(verdict === "pass" ? {} : { settle: `sloctl benchgen --live --scenario ${scenario} --runs ${needed + 7}` }),
    };
  };
  if (runs.length === 0) return told([["not-evaluated", "no-data", "no runs"]]);
  if (runs.length < needed) {
    return told([["inconclusive", "too-few-runs", `${runs.length} runs, ${needed} are needed`]]);
  }
  const ttft = ofSpread(runs, "ttft_ms", "TTFT p95", numbers.ttft_p95_values, numbers.variance_pct, maxVariancePct);
  const tokens = ofSpread(
    runs,
    "token_throughput_tps",
    "token rate p50",
    numbers.tokens_p50_values,
    numbers.tokens_variance_pct,
    maxVariancePct,
  );
  return told([...ttft.rows, ...tokens.rows, ...ofRates(runs, apart!)], [...ttft.notes, ...tokens.notes]);
}

function ofSpread(
  runs: readonly Run[],
  field: BenchField,
  what: string,
  values: readonly number[],
  cvPct: number,
  limit: number,
): { rows: [Verdict, string, string][]; notes: string[] } {
  const missing = missingWords(runs, field);
  if (missing !== null) return { rows: [["inconclusive", "missing-field", missing]], notes: [] };
  if (Number.isNaN(cvPct)) return { rows: [["inconclusive", "nan", `${what} is no number`]], notes: [] };
  if (mean(values) === 0) {
    // Only values of both signs could differ and still have a mean of 0.
    return values.every((value) => value === 0)
      ? { rows: [], notes: [`${what} is 0 in every run`] }
      : { rows: [["inconclusive", "mean-zero", `${what} has a mean of 0, and varies`]], notes: [] };
  }
  return cvPct > limit
    ? { rows: [["fail", "over-limit", `${what} varies ${by(cvPct)}, over ${limit} %`]], notes: [] }
    : { rows: [], notes: [] };
}

function by(cvPct: number): string {
  return cvPct === Infinity ? "without bound" : `by ${cvPct.toFixed(1)} %`;
}

function ofRates(runs: readonly Run[], apart: RateSpread): [Verdict, string, string][] {
  if (apart.verdict === "pass") return [];
  const missing = missingWords(runs, "error_rate");
  if (missing !== null) return [["inconclusive", "missing-field", missing]];
  if (Number.isNaN(apart.spread)) return [["inconclusive", "nan", "an error rate is no number from 0 to 1"]];
  const pct = (ratio: number) => (100 * ratio).toFixed(2);
  const seen = `error rates of the runs lie ${pct(apart.spread)} points apart (${pct(apart.low)} to ${
    pct(apart.high)
  })`;
  return [[apart.verdict, apart.verdict === "fail" ? "over-limit" : "straddles-margin", `${seen}, margin 1`]];
}
