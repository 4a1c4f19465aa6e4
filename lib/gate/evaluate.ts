/** A policy and its evidence -> verdicts with reasons, a score, and whether it may go on. A pure function: time and seed are arguments. */
import type { Case, Evidence } from "./evidence.ts";
import { undecided } from "./finding.ts";
import { fromProblem, type Judgement, unusable, worstOf } from "./judgement.ts";
import { judgeApproval, waiverProblem } from "./kinds/approval.ts";
import { judgeArtifact } from "./kinds/artifact.ts";
import { judgeContract } from "./kinds/contract.ts";
import { judgeDeterminism } from "./kinds/determinism.ts";
import { judgeRegression } from "./kinds/regression.ts";
import { judgeCoverage, judgeScenario } from "./kinds/scenario.ts";
import { judgeThreshold } from "./kinds/threshold.ts";
import { judgeTrend } from "./kinds/trend.ts";
import { judgeVariance } from "./kinds/variance.ts";
import type { Gate, Policy } from "./policy.ts";
import { type Scored, scoreOf } from "./score.ts";
import { combine, type Verdict, VERDICT_EXIT } from "./verdict.ts";
import { EXIT } from "../model/errors.ts";
import { parseTimeMs } from "../model/time.ts";

/** What stands beside a verdict, and is none. */
export type Effect = "waived" | "downgraded" | "let-through" | "none";

export interface GateResult extends Judgement {
  readonly id: string;
  readonly kind: Gate["kind"];
  readonly title: string | null;
  readonly enforce: Gate["enforce"];
  readonly category: string | null;
  readonly effect: Effect;
}

export interface Evaluation {
  readonly verdict: Verdict | "integrity";
  readonly pass: boolean;
  readonly exitCode: number;
  readonly gates: readonly GateResult[];
  readonly score: Scored | null;
  /** Of gates that failed and do not block for it: `preview`. */
  readonly labels: readonly string[];
  readonly waived: readonly { readonly gate: string; readonly reason: string; readonly until: string }[];
  readonly ignoredWaivers: readonly { readonly gate: string; readonly why: string }[];
  /** What a profile let through. */
  readonly warnings: readonly string[];
}

export function evaluate(policy: Policy, given: Case, profileName: string | null): Evaluation {
  const profile = profileName === null ? null : policy.profiles[profileName]!;
  const judged = new Map<string, Judgement>();
  for (const gate of policy.gates) judgeOne(gate, policy, given, judged);
  const ignoredWaivers: { gate: string; why: string }[] = [];
  const waivers = policy.waivers.filter((waiver) => {
    const why = waiverProblem(waiver, given);
    if (why !== null) ignoredWaivers.push({ gate: waiver.gate, why });
    return why === null;
  });
  const results = [
    ...subjectGate(policy, given),
    ...policy.gates.map((gate): GateResult => {
      const judgement = judged.get(gate.id)!;
      const softened = (profile?.onInconclusive ?? gate.onInconclusive) === "warn";
      const outside = profile?.gates !== null && profile?.gates !== undefined && !profile.gates.includes(gate.id);
      const waived = judgement.verdict !== "pass" && judgement.integrity !== true &&
        waivers.some((waiver) => waiver.gate === gate.id);
      const effect: Effect = waived
        ? "waived"
        : judgement.verdict === "fail" && gate.downgrade !== null
        ? "downgraded"
        : judgement.verdict === "inconclusive" && softened
        ? "let-through"
        : "none";
      const { id, kind, title, category } = gate;
      return { id, kind, title, category, enforce: outside ? "info" : gate.enforce, effect, ...judgement };
    }),
  ];
  const blocking = results.filter(({ enforce }) => enforce === "block");
  const strict = blocking.filter(({ effect }) => effect === "none");
  const verdict = results.some(({ integrity }) => integrity)
    ? "integrity"
    : combine(blocking.filter(({ effect }) => effect === "none" || effect === "let-through").map((one) => one.verdict));
  // With every blocking gate waived there is nothing that anybody judged.
  const decides = strict.length === 0 && blocking.some(({ effect }) => effect === "let-through")
    ? "pass"
    : combine(strict.map((one) => one.verdict));
  const warnings = results.filter(({ enforce, verdict, effect }) =>
    effect === "let-through" || (enforce === "warn" && verdict !== "pass")
  ).map(({ id, verdict }) => `${id} is ${verdict}`);
  return {
    verdict,
    pass: verdict === "pass",
    exitCode: verdict === "integrity" ? EXIT.integrity : VERDICT_EXIT[decides],
    gates: results,
    score: policy.score === null ? null : scoreOf(policy.score, policy.gates, results),
    labels: [
      ...new Set(
        results.filter(({ effect }) => effect === "downgraded").map(({ id }) =>
          policy.gates.find((gate) => gate.id === id)!.downgrade!
        ),
      ),
    ],
    waived: waivers.filter(({ gate }) => results.some(({ id, effect }) => id === gate && effect === "waived")),
    ignoredWaivers,
    warnings,
  };
}

/** What the policy wants to know of the subject is a gate of its own. */
function subjectGate({ subject: required }: Policy, { subject }: Case): GateResult[] {
  if (required.length === 0) return [];
  const missing = required.filter((key) => typeof subject[key] !== "string" || subject[key] === "");
  const limit = required.join(", ");
  const judgement: Judgement = missing.length > 0
    ? undecided("not-evaluated", "no-subject", `subject.json does not say ${missing.join(", ")}`, limit)
    : { verdict: "pass", reason: null, said: limit, value: null, limit, n: 1, interval: null, method: "content" };
  return [{
    id: "subject",
    kind: "artifact",
    title: null,
    category: null,
    enforce: "block",
    effect: "none",
    ...judgement,
  }];
}

function judgeOne(gate: Gate, policy: Policy, given: Case, judged: Map<string, Judgement>): Judgement {
  const known = judged.get(gate.id);
  if (known !== undefined) return known;
  const of = (id: string) => judgeOne(policy.gates.find((one) => one.id === id)!, policy, given, judged);
  const judgement = judge(gate, policy, given, of);
  judged.set(gate.id, judgement);
  return judgement;
}

function judge(gate: Gate, policy: Policy, given: Case, of: (id: string) => Judgement): Judgement {
  const with_ = (id: string, limit: string, judge: (evidence: Evidence) => Judgement): Judgement => {
    const evidence = given.evidence.get(id)!;
    const refused = unusable(gate, evidence, given, limit);
    if (refused !== null) return refused;
    const copies = evidence.files.reduce((sum, { duplicates }) => sum + duplicates, 0);
    const judgement = judge(evidence);
    if (copies === 0) return judgement;
    return { ...judgement, notes: [...judgement.notes ?? [], `${copies} rows were second copies, and count once`] };
  };
  switch (gate.kind) {
    case "threshold":
      return with_(gate.evidence, `${gate.op} ${gate.value}`, (evidence) => judgeThreshold(gate, evidence));
    case "trend":
      return with_(gate.evidence, "trend", (evidence) => judgeTrend(gate, evidence));
    case "variance":
      return with_(gate.evidence, `${gate.op} ${gate.value} %`, (evidence) => judgeVariance(gate, evidence));
    case "regression":
      return with_(
        gate.evidence[0],
        "no regression",
        (candidate) =>
          baselineProblem(given.evidence.get(gate.evidence[1])!) ??
            judgeRegression(gate, candidate, given.evidence.get(gate.evidence[1])!, given),
      );
    case "scenario":
      return with_(gate.evidence, gate.outcome, (evidence) => judgeScenario(gate, evidence));
    case "contract":
      return with_(gate.surface, "contract", (evidence) => judgeContract(gate, evidence, given));
    case "artifact":
      return with_(gate.evidence, "content", (evidence) => judgeArtifact(gate, evidence, given));
    case "determinism":
      return with_(gate.evidence, `${gate.agree} of ${gate.of}`, (evidence) => judgeDeterminism(gate, evidence));
    case "approval":
      return judgeApproval(gate, given);
    case "coverage": {
      const scenario = policy.gates.find(({ id }) => id === gate.of);
      const [id, expected] = scenario?.kind === "scenario"
        ? [scenario.evidence, scenario]
        : [gate.of, { outcome: "pass", minTrials: 1 } as const];
      return with_(id, "cells", (evidence) => judgeCoverage(gate, evidence, expected));
    }
    case "all_of":
      return judgeAllOf(gate, of, given);
    default: {
      const said = `gates of kind ${gate.kind} look at something live; this version does not judge them`;
      return undecided("not-evaluated", "not-judged", said, gate.kind);
    }
  }
}

/** A baseline is old on purpose; all else that is wrong with evidence counts. */
function baselineProblem({ problems, files }: Evidence): Judgement | null {
  const all = [...problems, ...files.flatMap((file) => file.problems)];
  const worst = all.find(({ integrity }) => integrity) ?? all.find(({ verdict }) => verdict === "not-evaluated") ??
    all[0];
  return worst === undefined ? null : fromProblem(worst, "no regression", all.length);
}

function judgeAllOf(
  gate: Extract<Gate, { kind: "all_of" }>,
  of: (id: string) => Judgement,
  { subject, atMs }: Case,
): Judgement {
  const limit = gate.gates.join(", ");
  const parts = gate.gates.map((id) => [id, of(id)] as const);
  const worst = worstOf(parts, limit);
  const base = { value: null, limit, n: parts.length, interval: null, method: "all_of" };
  if (worst.verdict !== "pass") return { ...worst, ...base };
  if (gate.deadlineMs === null) return { ...base, verdict: "pass", reason: null, said: `all ${parts.length} pass` };
  const started = parseTimeMs(String(subject.started ?? ""));
  if (Number.isNaN(started)) {
    return undecided(
      "not-evaluated",
      "no-start",
      "subject.json does not say when it started, and there is a deadline",
      limit,
    );
  }
  const late = atMs - started > gate.deadlineMs;
  const said = `all ${parts.length} pass, ${((atMs - started) / 3_600_000).toFixed(1)} h after the start`;
  return { ...base, verdict: late ? "fail" : "pass", reason: late ? "late" : null, said };
}
