/**
 * The m5 gates: overhead (B5), spread over reruns (D3), and regression against a baseline (E3), scenario by scenario, then together.
 * The deciding mode gives the verdicts; the outcome of the other one stands beside it. Pure.
 */
import { cliffsDelta } from "../stats/cliffs_delta.ts";
import { hodgesLehmann } from "../stats/hodges_lehmann.ts";
import { mannWhitneyU } from "../stats/mann_whitney.ts";
import { quantile } from "../stats/describe.ts";
import type { Fitness } from "./baseline.ts";
import { type ClassicRegression, classicRegression, classicVariance } from "./classic.ts";
import { type Judged, missingWords, type Mode, type Parameters, pooled, type Run } from "./m5_evidence.ts";
import { compare, type Comparison, settleFamily } from "./noninferiority.ts";
import type { Overhead } from "./overhead.ts";
import { judgeVariance, type Variance, type VarianceNumbers, varianceNumbers } from "./variance.ts";
import { combine, type Verdict } from "./verdict.ts";

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

/** What a scenario's files could not give; it stands above what was found in the rest of them. */
export interface Problem {
  readonly scenario: string;
  /** What concerns the baseline alone leaves the spread of the candidate's runs as it is. */
  readonly arm: "candidate" | "baseline";
  /** `integrity` stands above every verdict. */
  readonly verdict: Verdict | "integrity";
  readonly reason: string;
  readonly sentence: string;
}

export interface Row {
  readonly scenario: string;
  readonly pass: boolean;
  readonly verdict: Verdict;
  readonly reason: string | null;
  readonly reasons: readonly string[];
  readonly [name: string]: unknown;
}

export interface Part {
  readonly pass: boolean;
  readonly verdict: Verdict;
  readonly scenarios: readonly Row[];
}

export interface Conclusion {
  readonly verdict: Verdict | "integrity";
  readonly pass: boolean;
  /** By mode, whichever decides. */
  readonly outcomes: Readonly<Record<Mode, Verdict | "integrity">>;
  readonly baseline: Part;
  readonly variance: Part;
  readonly significance: Part;
  readonly comparisons: number;
  readonly failures: readonly string[];
  readonly notes: readonly string[];
  /** What would settle what is not settled. */
  readonly settle: readonly string[];
}

/** The scenarios in any order: the answer is the same. */
export function conclude(
  findings: readonly ScenarioFindings[],
  overhead: Overhead,
  problems: readonly Problem[],
  p: Parameters,
): Conclusion {
  const sorted = findings.toSorted((a, b) => a.scenario < b.scenario ? -1 : 1);
  // What the baseline cannot carry was not compared: it is one of the tests, and gives no p.
  const comparisons = settleFamily(
    sorted.flatMap((one) => [usable(one, one.ttft), usable(one, one.tokens)]),
    p.alpha / 2,
  );
  const rows = sorted.map((one, i) => {
    const own = problems.filter(({ scenario }) => scenario === one.scenario);
    const [ttft, tokens] = [comparisons[2 * i]!, comparisons[2 * i + 1]!];
    return {
      baseline: row(one.scenario, one.baseline),
      variance: varianceRow(one, own.filter(({ arm }) => arm === "candidate"), p.mode),
      significance: significanceRow(one, ttft, tokens, own, p.mode),
    };
  });
  const by = (mode: Mode) => verdictOf(mode, rows, overhead, problems);
  const verdict = by(p.mode);
  const kinds = ["baseline", "variance", "significance"] as const;
  const parts = Object.fromEntries(kinds.map((kind) => [kind, part(rows.map((of) => of[kind]))])) as Record<
    typeof kinds[number],
    Part
  >;
  const judged: readonly { reasons: readonly string[]; verdict: Verdict }[] = [
    overhead,
    ...rows.flatMap((of) => [of.variance, of.significance]),
  ];
  return {
    verdict,
    pass: verdict === "pass",
    outcomes: { noninferiority: by("noninferiority"), classic: by("classic") },
    ...parts,
    comparisons: comparisons.length,
    failures: unique([
      ...problems.map(({ sentence }) => sentence),
      ...judged.filter((of) => of.verdict !== "pass").flatMap(({ reasons }) => reasons),
    ]),
    notes: [...(overhead.notes ?? []), ...together(sorted)],
    settle: unique(
      [overhead.settle, ...rows.flatMap((of) => Object.values(of).map((r) => r.settle as string | undefined))]
        .filter((text) => text !== undefined),
    ),
  };
}

function usable({ baseline }: ScenarioFindings, comparison: Comparison): Comparison {
  if (baseline.verdict === "pass") return comparison;
  return {
    ...comparison,
    verdict: baseline.verdict,
    reason: baseline.reason,
    why: null,
    p_harm: NaN,
    p_safety: NaN,
  };
}

function varianceRow(one: ScenarioFindings, problems: readonly Problem[], mode: Mode): Row {
  const { numbers, noninferiority, classic } = one.variance;
  const { verdict, reason, reasons, notes: _notes, settle, ...intervals } = noninferiority;
  const ours = outcome({ verdict, reason, reasons }, problems);
  const theirs = outcome(classic, problems);
  const deciding = mode === "classic" ? theirs : ours;
  return {
    scenario: one.scenario,
    ...deciding,
    ...numbers,
    ...intervals,
    noninferiority: ours,
    classic: theirs,
    ...(isOpen(deciding) && settle !== undefined ? { settle } : {}),
  };
}

function significanceRow(
  one: ScenarioFindings,
  ttft: Comparison,
  tokens: Comparison,
  problems: readonly Problem[],
  mode: Mode,
): Row {
  const fields = [["TTFT p95", ttft], ["token rate p50", tokens]] as const;
  const verdict = combine([ttft.verdict, tokens.verdict]);
  const told = fields.filter(([, c]) => c.why !== null && c.verdict !== "pass");
  const unfit = one.baseline.verdict === "pass" ? [] : one.baseline.reasons;
  const { ttft_ms: _ttft, ...classicNumbers } = one.classic;
  const ours = outcome({
    verdict,
    reason: (fields.find(([, c]) => c.verdict === verdict && c.reason !== null) ?? [null, null])[1]?.reason ?? null,
    reasons: unfit.length > 0 ? unfit : told.map(([what, c]) => `significance ${one.scenario}: ${what}: ${c.why}`),
  }, problems);
  const theirs = {
    ...classicNumbers,
    ...outcome(one.baseline.verdict === "pass" ? one.classic : one.baseline, problems),
  };
  const deciding = mode === "classic" ? outcome(theirs, []) : ours;
  return {
    scenario: one.scenario,
    ...deciding,
    ...one.numbers,
    ttft: shown(ttft),
    tokens: shown(tokens),
    noninferiority: ours,
    classic: theirs,
    ...(one.baseline.calibration ? { calibration: true } : {}),
    ...(isOpen(deciding)
      ? { settle: one.baseline.settle ?? `sloctl gate plan --baseline-root BASELINE --scenarios ${one.scenario}` }
      : {}),
  };
}

/** In percent, as the flags are. */
function shown(c: Comparison): Readonly<Record<string, unknown>> {
  const { change, low, high, margin, why, welch_log: welch, ...rest } = c;
  const pct = (ratio: number) => 100 * ratio;
  return {
    ...rest,
    change_pct: pct(change),
    low_pct: pct(low),
    high_pct: pct(high),
    margin_pct: pct(margin),
    welch_log: welch === null
      ? null
      : { change_pct: pct(welch.change), low_pct: pct(welch.low), high_pct: pct(welch.high) },
    ...(why === null ? {} : { why }),
  };
}

type Outcome = Pick<Row, "pass" | "verdict" | "reason" | "reasons">;

/** A verdict with what the files could not give. */
function outcome(judged: Pick<Judged, "verdict" | "reason" | "reasons">, problems: readonly Problem[]): Outcome {
  const kept = problems.map(({ verdict }) => verdict === "integrity" ? "not-evaluated" as const : verdict);
  const verdict = combine([judged.verdict, ...kept]);
  const first = problems.find((_, i) => kept[i] === verdict);
  return {
    verdict,
    pass: verdict === "pass",
    reason: judged.verdict === verdict ? judged.reason : first?.reason ?? null,
    reasons: [...problems.map(({ sentence }) => sentence), ...judged.reasons],
  };
}

/** Harm that is proven is settled, and so is a pass. */
function isOpen({ verdict }: Outcome): boolean {
  return verdict === "inconclusive" || verdict === "not-evaluated";
}

function row(scenario: string, judged: Judged): Row {
  return { scenario, pass: judged.verdict === "pass", ...judged };
}

function part(rows: readonly Row[]): Part {
  const verdict = combine(rows.map((one) => one.verdict));
  return { pass: verdict === "pass", verdict, scenarios: rows };
}

function verdictOf(
  mode: Mode,
  rows: readonly { readonly variance: Row; readonly significance: Row }[],
  overhead: Overhead,
  problems: readonly Problem[],
): Verdict | "integrity" {
  if (problems.some(({ verdict }) => verdict === "integrity")) return "integrity";
  const of = (one: Row) => (one[mode] as Outcome).verdict;
  const every = rows.flatMap(({ variance, significance }) => [of(variance), of(significance)]);
  // No scenario is nothing judged, whatever the overhead was.
  return combine([overhead.verdict, ...every, ...(rows.length === 0 ? ["not-evaluated" as const] : [])]);
}

/** A note that several scenarios share is said once. */
function together(findings: readonly ScenarioFindings[]): string[] {
  const by = new Map<string, { kind: string; text: string; scenarios: string[] }>();
  for (const { scenario, baseline, variance, notes } of findings) {
    const own = { baseline: baseline.notes ?? [], variance: variance.noninferiority.notes ?? [], significance: notes };
    for (const [kind, texts] of Object.entries(own)) {
      for (const text of texts) {
        const held = by.get(`${kind} ${text}`) ?? { kind, text, scenarios: [] };
        held.scenarios.push(scenario);
        by.set(`${kind} ${text}`, held);
      }
    }
  }
  return [...by.values()].map(({ kind, text, scenarios }) => `${kind} ${scenarios.join(", ")}: ${text}`);
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
