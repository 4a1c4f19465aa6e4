/** What is found in one scenario: spread of its runs, and the comparison with the baseline by either rule. Pure. */
import type { Run } from "../model/bench_run.ts";
import { cliffsDelta } from "../stats/cliffs_delta.ts";
import { quantile } from "../stats/describe.ts";
import { hodgesLehmann } from "../stats/hodges_lehmann.ts";
import { mannWhitneyU } from "../stats/mann_whitney.ts";
import type { Fitness } from "./baseline.ts";
import { type ClassicRegression, classicRegression, classicVariance } from "./classic.ts";
import { type Judged, missingWords, type Parameters, pooled } from "./m5_evidence.ts";
import { compare, type Comparison } from "./noninferiority.ts";
import { judgeVariance, type Variance, type VarianceNumbers, varianceNumbers } from "./variance.ts";

/** One scenario, before anything is adjusted for how many there are. */
export interface ScenarioFindings {
  readonly scenario: string;
  readonly baseline: Fitness;
  readonly variance: { readonly numbers: VarianceNumbers; readonly noninferiority: Variance; readonly classic: Judged };
  readonly numbers: Readonly<Record<string, unknown>>;
  readonly ttft: Comparison;
  readonly tokens: Comparison;
  readonly classic: ClassicRegression;
  readonly notes: readonly string[];
}

/** Above so many pairs Hodges-Lehmann is left out, and the row says so. */
const MOST_PAIRS = 4e6;

/** The runs of each arm in the order of their names. */
export function judgeScenario(
  scenario: string,
  candidate: readonly Run[],
  baseline: readonly Run[],
  fitness: Fitness,
  p: Parameters,
): ScenarioFindings {
  const numbers = varianceNumbers(candidate);
  const rule = { margin: p.ttftRegressionPct / 100, alpha: p.alpha / 2, replicates: p.bootstrapIters };
  const against = (field: "ttft_ms" | "token_throughput_tps") => {
    const of = (run: Run) => field === "ttft_ms" ? run.ttftMs : run.tokensPerSecond;
    const found = compare(candidate.map(of), baseline.map(of), {
      ...rule,
      quantile: field === "ttft_ms" ? 0.95 : 0.5,
      direction: field === "ttft_ms" ? "lower_is_better" : "higher_is_better",
      key: `${p.seed}/E3/${scenario}/${field}`,
      minSamples: p.minSamples,
    });
    const missing = missingWords([...candidate, ...baseline], field);
    return found.reason === "nan" && missing !== null ? { ...found, reason: "missing-field", why: missing } : found;
  };
  const [ttft, tokens] = [against("ttft_ms"), against("token_throughput_tps")];
  const [x, y] = [pooled(candidate, (run) => run.ttftMs), pooled(baseline, (run) => run.ttftMs)];
  const classic = classicRegression(scenario, x, y, p);
  return {
    scenario,
    baseline: fitness,
    variance: {
      numbers,
      noninferiority: judgeVariance(scenario, candidate, numbers, p),
      classic: classicVariance(scenario, numbers, p),
    },
    numbers: {
      candidate_n: x.length,
      baseline_n: y.length,
      candidate_ttft_p95: ttft.candidate,
      baseline_ttft_p95: ttft.baseline,
      ttft_regression_pct: 100 * ttft.change,
      candidate_tokens_p50: tokens.candidate,
      baseline_tokens_p50: tokens.baseline,
      tokens_regression_pct: 100 * tokens.change,
      ...ranked(x.sort(), y.sort(), p, ttft, classic),
    },
    ttft,
    tokens,
    classic,
    notes: [...rowNotes("candidate", candidate), ...rowNotes("baseline", baseline)],
  };
}

/** Statistics by rank, of all requests: reported beside the verdict, and what decides in classic mode. Both in order. */
function ranked(x: Float64Array, y: Float64Array, p: Parameters, ttft: Comparison, classic: ClassicRegression) {
  const delta = cliffsDelta(x, y);
  const shift = x.length * y.length > MOST_PAIRS ? null : hodgesLehmann(x, y);
  const effect = {
    cliffs_delta_label: delta.label,
    cliffs_delta_ci95: [delta.low, delta.high] as const,
    hodges_lehmann_ms: shift?.estimate ?? null,
    hodges_lehmann_ci95: shift === null ? null : [shift.low, shift.high] as const,
    ...(shift === null ? { hodges_lehmann_left_out: `over ${MOST_PAIRS} pairs` } : {}),
    median_shift_ms: quantile(x, 0.5) - quantile(y, 0.5),
  };
  if (p.mode === "classic") {
    const { mann_whitney_p_value, bootstrap_delta_ci95, cliffs_delta } = classic;
    return { mann_whitney_p_value, bootstrap_delta_ci95, cliffs_delta, ...effect };
  }
  const test = mannWhitneyU(x, y);
  return {
    mann_whitney_p_value: test.p,
    mann_whitney_method: test.method,
    bootstrap_delta_ci95: [ttft.delta_low, ttft.delta_high] as const,
    cliffs_delta: delta.delta,
    ...effect,
  };
}

/** Rows that were counted and not taken. */
function rowNotes(arm: string, runs: readonly Run[]): string[] {
  const total = (of: (run: Run) => number) => runs.reduce((sum, run) => sum + of(run), 0);
  const [duplicates, outside] = [total((run) => run.duplicates), total((run) => run.outside)];
  return [
    ...(duplicates > 0 ? [`${duplicates} rows of the ${arm} repeat a request id: of those the slowest counts`] : []),
    ...(outside > 0 ? [`${outside} rows of the ${arm} lie outside their run's time and were dropped`] : []),
  ];
}
