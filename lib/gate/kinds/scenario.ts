/** What was executed, and how it went: results of scenarios, and whether every cell of a matrix has one. Pure. */
import { at, type Evidence, type EvidenceFile, type Row } from "../evidence.ts";
import { undecided } from "../finding.ts";
import { type Judgement, worstOf } from "../judgement.ts";
import type { Gate } from "../policy.ts";
import { cell } from "../values.ts";

type Scenario = Extract<Gate, { kind: "scenario" }>;
type Coverage = Extract<Gate, { kind: "coverage" }>;
type Expected = Pick<Scenario, "outcome" | "minTrials">;

const OUTCOMES = ["pass", "fail", "rejected"];

export function judgeScenario(gate: Scenario, evidence: Evidence): Judgement {
  const limit = `${gate.outcome} in ${gate.minTrials} trials or more`;
  return worstOf(
    evidence.files.flatMap((file) =>
      file.rows.map((row) => [nameOf(row, file), judgeResult(row, gate, limit)] as const)
    ),
    limit,
  );
}

function nameOf(row: Row, file: EvidenceFile): string {
  return typeof row.scenario === "string" ? row.scenario : file.path;
}

function judgeResult(row: Row, { outcome, minTrials }: Expected, limit: string): Judgement {
  const seen = row.outcome;
  const trials = cell(row, "trials");
  const failures = cell(row, "failures");
  if (typeof seen !== "string" || !OUTCOMES.includes(seen)) {
    const said = seen === undefined ? "the result says no outcome" : `the outcome is ${JSON.stringify(seen)}`;
    return undecided("not-evaluated", "no-outcome", `${said}: one of ${OUTCOMES.join(", ")}`, limit);
  }
  if (trials === null || !Number.isFinite(trials)) {
    return undecided("not-evaluated", "no-trials", "the result does not say how many trials there were", limit);
  }
  const base = { value: trials, limit, n: trials, interval: null, method: "outcome" };
  if (seen !== outcome) return { ...base, verdict: "fail", reason: "outcome", said: `${seen} in ${trials} trials` };
  if (failures !== null && failures !== 0) {
    return { ...base, verdict: "fail", reason: "contradiction", said: `${seen}, and ${failures} failures are named` };
  }
  if (!(trials >= minTrials)) {
    return { ...base, verdict: "inconclusive", reason: "below-floor", said: `${trials} trials, ${minTrials} would do` };
  }
  return { ...base, verdict: "pass", reason: null, said: `${seen} in ${trials} trials` };
}

/** @param expected what a cell has to come to: that of the scenario gate, or a pass */
export function judgeCoverage(gate: Coverage, evidence: Evidence, expected: Expected): Judgement {
  const cells = cellsOf(gate.over);
  const limit = `${100 * gate.require} % of ${cells.length} cells`;
  const rows = evidence.files.flatMap((file) => file.rows);
  const found = cells.map((wanted) => {
    const own = rows.filter((row) =>
      Object.entries(wanted).every(([key, value]) => String(at(row, key) ?? "") === value)
    );
    const name = Object.values(wanted).join(" x ");
    if (own.length === 0) return { name, verdict: "absent" as const };
    return { name, verdict: worstOf(own.map((row) => [name, judgeResult(row, expected, limit)]), limit).verdict };
  });
  const passed = found.filter(({ verdict }) => verdict === "pass").length;
  const failed = found.filter(({ verdict }) => verdict === "fail");
  const open = found.filter(({ verdict }) => verdict !== "pass" && verdict !== "fail");
  const share = passed / cells.length;
  const base = { value: share, limit, n: cells.length, interval: null, method: "cells" };
  const named = (list: readonly { name: string }[]) => list.slice(0, 5).map(({ name }) => name).join(", ");
  const said = [
    `${passed} of ${cells.length} cells`,
    ...(failed.length > 0 ? [`failed: ${named(failed)}`] : []),
    ...(open.length > 0 ? [`without a result: ${named(open)}`] : []),
  ].join("; ");
  if (share >= gate.require) return { ...base, verdict: "pass", reason: null, said };
  if ((passed + open.length) / cells.length < gate.require) return { ...base, verdict: "fail", reason: "cells", said };
  const verdict = open.some((one) => one.verdict !== "inconclusive") ? "not-evaluated" : "inconclusive";
  return { ...base, verdict, reason: "cell-not-run", said };
}

function cellsOf(over: Coverage["over"]): Record<string, string>[] {
  return Object.entries(over).reduce<Record<string, string>[]>(
    (cells, [key, values]) => cells.flatMap((cell) => values.map((value) => ({ ...cell, [key]: value }))),
    [{}],
  );
}
