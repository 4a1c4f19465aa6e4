/** How much of a policy is fulfilled, and how much of it was decided at all. What is open never makes a score better. Pure. */
import type { GateResult } from "./evaluate.ts";
import type { Gate, Score } from "./policy.ts";

export interface Scored {
  /** Share of the decided weight that passed; a pass inside the warning band is half, a waived gate nothing. NaN: nothing decided. */
  readonly score: number;
  /** Decided weight over all weight. */
  readonly coverage: number;
  readonly decided: number;
  readonly gates: number;
  /** One of the policy's; `F` with a failure, `incomplete` where too much is open or a blocking gate does not pass. */
  readonly grade: string;
  /** Both the score and the coverage the policy asks for. */
  readonly reached: boolean;
  /** `8/9 decided, score 1.000, coverage 0.889 -> incomplete` */
  readonly said: string;
}

export function scoreOf(score: Score, gates: readonly Gate[], results: readonly GateResult[]): Scored {
  const weights = new Map(gates.map((gate) => [
    gate.id,
    gate.weight ?? (gate.category === null ? 1 : score.weights[gate.category] ?? 1),
  ]));
  const rows = results.filter(({ id }) => weights.has(id)).map((result) => ({
    weight: weights.get(result.id)!,
    decided: result.effect === "waived" || result.verdict === "pass" || result.verdict === "fail",
    worth: result.effect === "waived" || result.verdict !== "pass" ? 0 : result.warned ? 0.5 : 1,
  }));
  const total = (list: typeof rows, of: (row: typeof rows[number]) => number) =>
    list.reduce((sum, row) => sum + of(row), 0);
  const decided = rows.filter((row) => row.decided);
  const weight = total(decided, (row) => row.weight);
  const value = total(decided, (row) => row.weight * row.worth) / weight;
  const all = total(rows, (row) => row.weight);
  const coverage = all === 0 ? 0 : weight / all;
  const blocking = results.filter(({ enforce, effect }) =>
    enforce === "block" && effect !== "waived" && effect !== "downgraded"
  );
  const clear = blocking.length > 0 && blocking.every(({ verdict }) => verdict === "pass");
  const failed = blocking.some(({ verdict, integrity }) => verdict === "fail" || integrity);
  const grade = clear && coverage >= score.minCoverage
    ? score.grades.find(([, from]) => value >= from)?.[0] ?? "F"
    : failed
    ? "F"
    : "incomplete";
  const shown = Number.isNaN(value) ? "-" : value.toFixed(3);
  return {
    score: value,
    coverage,
    decided: decided.length,
    gates: rows.length,
    grade,
    reached: clear && coverage >= score.minCoverage && value >= (score.pass ?? 0),
    said: `${decided.length}/${rows.length} decided, score ${shown}, coverage ${coverage.toFixed(3)} -> ${grade}`,
  };
}
