/** The rows of the summary: one scenario's spread and comparison, the outcome of either rule in each. Pure. */
import type { Judged, Mode } from "./m5_evidence.ts";
import type { ScenarioFindings } from "./m5_scenario.ts";
import type { Comparison } from "./noninferiority.ts";
import { combine, type Verdict } from "./verdict.ts";

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

export function varianceRow(one: ScenarioFindings, problems: readonly Problem[], mode: Mode): Row {
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

export function significanceRow(
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

export type Outcome = Pick<Row, "pass" | "verdict" | "reason" | "reasons">;

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

export function row(scenario: string, judged: Judged): Row {
  return { scenario, pass: judged.verdict === "pass", ...judged };
}
