/**
 * The m5 gates together: overhead (B5), spread over reruns (D3) and regression (E3) of all scenarios. The deciding mode gives the
 * verdicts; the outcome of the other one stands beside it. Pure.
 */
import type { Mode, Parameters } from "./m5_evidence.ts";
import { type Outcome, type Problem, type Row, row, significanceRow, varianceRow } from "./m5_rows.ts";
import type { ScenarioFindings } from "./m5_scenario.ts";
import { type Comparison, settleFamily } from "./noninferiority.ts";
import type { Overhead } from "./overhead.ts";
import { combine, type Verdict } from "./verdict.ts";

export { judgeScenario, type ScenarioFindings } from "./m5_scenario.ts";
export type { Problem, Row };

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
