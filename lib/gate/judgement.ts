/** What every kind of gate is asked first: is there anything to judge by, and may it be used? Pure. */
import type { Case, Evidence, Problem } from "./evidence.ts";
import { type Finding, undecided } from "./finding.ts";
import type { Gate } from "./policy.ts";
import { combine } from "./verdict.ts";

export interface Judgement extends Finding {
  /** It passed, inside the declared warning band. */
  readonly warned?: boolean;
  /** Something was altered, or cannot be: above every verdict. */
  readonly integrity?: boolean;
  /** What does not decide, and is worth knowing. */
  readonly notes?: readonly string[];
}

/** Clocks of two machines may be so far apart. */
const SKEW_MS = 3_600_000;

/** Why the evidence may not be judged by, or null. */
export function unusable(gate: Gate, evidence: Evidence, { atMs }: Case, limit: string): Judgement | null {
  const all = [...evidence.problems, ...evidence.files.flatMap(({ problems }) => problems)];
  const worst = all.find(({ integrity }) => integrity) ?? all.find(({ verdict }) => verdict === "not-evaluated") ??
    all[0];
  if (worst !== undefined) return fromProblem(worst, limit, all.length);
  const { spec, files } = evidence;
  if (gate.path !== null && spec.path !== gate.path) {
    const said = `the samples took the route ${spec.path ?? "that nobody named"}, and ${gate.path} is asked for`;
    return undecided("not-evaluated", "other-path", said, limit);
  }
  const synthetic = files.find((file) => file.synthetic);
  if (synthetic !== undefined) return undecided("not-evaluated", "synthetic", `${synthetic.path} is synthetic`, limit);
  if (gate.maxAgeMs === null) return null;
  for (const { path, newestMs } of files) {
    if (newestMs === null) {
      return undecided("inconclusive", "undated", `${path} does not say when it was measured`, limit);
    }
    const age = atMs - newestMs;
    if (age > gate.maxAgeMs) {
      return undecided(
        "inconclusive",
        "stale",
        `${path} is ${hours(age)} old, ${hours(gate.maxAgeMs)} are let pass`,
        limit,
      );
    }
    if (age < -SKEW_MS) return undecided("inconclusive", "clock-skew", `${path} speaks of a time to come`, limit);
  }
  return null;
}

export function fromProblem(problem: Problem, limit: string, count = 1): Judgement {
  const more = count > 1 ? ` (and ${count - 1} more)` : "";
  const finding = undecided(problem.verdict, problem.reason, problem.said + more, limit);
  return problem.integrity ? { ...finding, integrity: true } : finding;
}

/** The worst of several, named by its group; the numbers are its. */
export function worstOf(found: readonly (readonly [group: string, judgement: Judgement])[], limit: string): Judgement {
  if (found.length === 0) return undecided("not-evaluated", "no-data", "there are no rows", limit);
  const verdict = combine(found.map(([, { verdict }]) => verdict));
  const of = found.filter(([, one]) => one.verdict === verdict);
  const [name, worst] = found.find(([, one]) => one.integrity) ?? of.find(([, one]) => one.warned) ?? of[0]!;
  const others = found.filter(([, one]) => one.verdict !== "pass").length;
  const group = name === "" ? "" : `${name}: `;
  const more = others > 1 ? ` (${others} of ${found.length} groups do not pass)` : "";
  return {
    ...worst,
    said: group + worst.said + more,
    ...(found.some(([, one]) => one.warned) ? { warned: true } : {}),
    notes: found.flatMap(([, { notes = [] }]) => notes),
  };
}

function hours(ms: number): string {
  return `${(ms / 3_600_000).toFixed(1)} h`;
}

/** A number for a sentence: the shortest text of five digits. */
export function short(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(5))) : String(value);
}
