/** Contradictions in a policy: what it asks for that cannot hold together, and what it would let through unseen. Pure. */
import type { Evidence } from "./evidence.ts";
import type { Gate, Policy } from "./policy.ts";
import { samplesToBound } from "../stats/quantile_interval.ts";
import { quantileOf } from "./kinds/threshold.ts";
import { lintCanary } from "./lint_canary.ts";

export interface LintFinding {
  /** An error makes the policy one that must not be judged by. */
  readonly level: "error" | "warning";
  /** Stable word. */
  readonly rule: string;
  readonly gate: string | null;
  readonly said: string;
  readonly hint: string;
}

/** What an SLO promises: its share of good events. */
export interface Promised {
  readonly name: string;
  readonly objective: number;
}

export interface LintInput {
  readonly policy: Policy;
  /** How many gates the plan says it has; null: it does not. */
  readonly announced: number | null;
  readonly slos: readonly Promised[];
  /** Null: no folder was given. */
  readonly evidence: ReadonlyMap<string, Evidence> | null;
}

export function lint(input: LintInput): LintFinding[] {
  const { policy } = input;
  return [
    ...counts(input),
    ...policy.gates.flatMap((gate) => [
      ...floors(gate),
      ...paths(gate, policy),
      ...looser(gate, input.slos),
      ...categories(gate),
      ...agreement(gate, policy),
      ...provenance(gate, policy),
    ]),
    ...globs(policy),
    ...scores(policy),
    ...lintCanary(policy.canary),
    ...ungated(policy),
    ...conflicts(policy, input.evidence),
    ...unread(policy, input.evidence),
  ];
}

const error = (rule: string, gate: string | null, said: string, hint: string): LintFinding => ({
  level: "error",
  rule,
  gate,
  said,
  hint,
});
const warning = (rule: string, gate: string | null, said: string, hint: string): LintFinding => ({
  level: "warning",
  rule,
  gate,
  said,
  hint,
});

function counts({ policy, announced }: LintInput): LintFinding[] {
  const found: LintFinding[] = [];
  if (!policy.gates.some(({ enforce }) => enforce === "block")) {
    found.push(warning("no-blocking-gate", null, "no gate blocks: it can only be not-evaluated", "Let one block"));
  }
  if (announced !== null && announced !== policy.gates.length) {
    const said = `the plan announces ${announced} gates and has ${policy.gates.length}`;
    found.push(error("count-mismatch", null, said, "Correct metadata.gate_count, or write the missing gates"));
  }
  return found;
}

/** A quantile of fewer values than can bound it is a guess. */
function floors(gate: Gate): LintFinding[] {
  if (gate.kind !== "threshold" || gate.minSamples === null) return [];
  const q = quantileOf(gate.agg);
  const fewest = q === null || q <= 0.5 ? 1 : samplesToBound(q);
  if (gate.minSamples >= fewest) return [];
  const said = `${gate.agg} of ${gate.minSamples} samples has no upper bound at 95 %: that takes ${fewest}`;
  return [warning("floor-too-low", gate.id, said, `Write min_samples: ${fewest}`)];
}

function paths(gate: Gate, policy: Policy): LintFinding[] {
  return evidenceOf(gate).flatMap((id) => {
    const { path } = policy.evidence.find((one) => one.id === id)!;
    if (gate.path === null || gate.path === path) return [];
    const said = `it asks for route ${gate.path}, and ${id} took ${path ?? "one that it does not name"}`;
    return [error("other-path", gate.id, said, "Measure the route that is asked for")];
  });
}

/** A gate of the same name as an SLO, or named after it (errors-live), speaks of it. */
function looser(gate: Gate, slos: readonly Promised[]): LintFinding[] {
  if (gate.kind !== "threshold" || !(gate.agg === "rate" || gate.ratio !== null)) return [];
  const slo = slos.find(({ name }) => gate.id === name || gate.id.startsWith(`${name}-`));
  if (slo === undefined) return [];
  const upper = gate.op === "<" || gate.op === "<=";
  // An upper limit is one on failures.
  const asked = upper ? 1 - gate.value : gate.value;
  if (asked >= slo.objective - 1e-12) return [];
  const said = `it lets through ${percent(1 - asked)} of failures, and the SLO ${slo.name} promises at most ${
    percent(1 - slo.objective)
  }`;
  if (gate.looserThanSlo !== null) {
    return [warning("looser-than-slo", gate.id, `${said}: ${gate.looserThanSlo}`, "Keep the reason")];
  }
  return [error("looser-than-slo", gate.id, said, "Ask for more, or say why: looser_than_slo: ...")];
}

/** Words that tell what a number is about, and the category it would then be of. */
const SUBJECTS: readonly (readonly [RegExp, string])[] = [
  [/(^|[_.-])(hits?|hit_rate|misses|cache)([_.-]|$)/, "cache"],
  [/(^|[_.-])(ttft|latency|duration|p50|p95|p99)([_.-]|$)/, "performance"],
  [/(^|[_.-])(errors?|failures?|availability)([_.-]|$)/, "reliability"],
  [/(^|[_.-])(sbom|provenance|cve|licen[cs]es?)([_.-]|$)/, "supply_chain"],
];

function categories(gate: Gate): LintFinding[] {
  if (gate.category === null) return [];
  const text = [
    gate.id,
    ...evidenceOf(gate),
    "field" in gate ? gate.field : null,
    "ratio" in gate ? gate.ratio?.good : null,
  ].join(".")
    .toLowerCase();
  const meant = SUBJECTS.filter(([pattern]) => pattern.test(text)).map(([, category]) => category);
  const named = SUBJECTS.some(([, category]) => category === gate.category);
  if (meant.length === 0 || meant.includes(gate.category) || !named) return [];
  const said = `it counts under ${gate.category}, and looks like ${meant[0]}`;
  return [warning("category", gate.id, said, `Write category: ${meant[0]}, if it is`)];
}

/** Fewer who could agree than are asked to. */
function agreement(gate: Gate, policy: Policy): LintFinding[] {
  if (gate.kind !== "determinism") return [];
  const { expect } = policy.evidence.find(({ id }) => id === gate.evidence)!;
  const most = expect.files ?? expect.runs;
  if (most === null || most >= gate.of) return [];
  return [
    error("count-mismatch", gate.id, `it asks ${gate.of}, and ${most} are declared`, "Declare as many as are asked"),
  ];
}

function provenance(gate: Gate, policy: Policy): LintFinding[] {
  if (gate.kind !== "regression") return [];
  const [, baseline] = gate.evidence;
  if (policy.evidence.find(({ id }) => id === baseline)!.provenance !== null) return [];
  const said = `nothing says where the baseline ${baseline} comes from`;
  return [
    warning("no-provenance", gate.id, said, "Write provenance: {manifest: ..., origin: measured, distinct_from: ...}"),
  ];
}

function globs({ evidence }: Policy): LintFinding[] {
  return evidence.filter(({ glob, expect }) =>
    glob !== null && /[*?]/.test(glob) && expect.runs === null && expect.files === null && expect.scenarios.length === 0
  ).map(({ id, glob }) =>
    warning(
      "undeclared-files",
      null,
      `evidence ${id} (${glob}) does not say what is to be there: a file could vanish unseen`,
      "Write expect: {files: N}, or runs and scenarios",
    )
  );
}

function scores({ score, gates }: Policy): LintFinding[] {
  const unused = Object.keys(score?.weights ?? {}).filter((name) => !gates.some(({ category }) => category === name))
    .map((name) =>
      warning("unused-weight", null, `no gate is of category ${name}, which has a weight`, "Give gates that category")
    );
  const perfect = score?.grades.find(([, from]) => from >= 1);
  if (score === null || perfect === undefined || score.minCoverage >= 1) return unused;
  const said = `grade ${perfect[0]} can be had with ${percent(1 - score.minCoverage)} of the weight undecided`;
  return [
    ...unused,
    warning("grade-without-coverage", null, said, "Write min_coverage: 1, or call that grade less than perfect"),
  ];
}

function ungated(policy: Policy): LintFinding[] {
  // A coverage gate may name evidence, or a gate that does.
  const read = new Set(policy.gates.flatMap((gate) => gate.kind === "coverage" ? [gate.of] : evidenceOf(gate)));
  return policy.evidence.filter(({ id }) => !read.has(id)).map(({ id }) =>
    warning("ungated", null, `no gate reads evidence ${id}`, "Write a gate for it, or drop it")
  );
}

/** Numbers of documents of one row: what somebody recorded to make a point of it. */
function recorded(
  evidence: ReadonlyMap<string, Evidence>,
): Map<string, { readonly id: string; readonly value: number }[]> {
  const found = new Map<string, { id: string; value: number }[]>();
  for (const [id, { files }] of evidence) {
    const rows = files.flatMap(({ rows }) => rows);
    if (rows.length !== 1) continue;
    for (const [field, value] of Object.entries(rows[0]!)) {
      if (typeof value !== "number") continue;
      found.set(field, [...found.get(field) ?? [], { id, value }]);
    }
  }
  return found;
}

function conflicts(policy: Policy, evidence: ReadonlyMap<string, Evidence> | null): LintFinding[] {
  if (evidence === null) return [];
  const gated = new Set(policy.gates.flatMap((gate) => fieldsOf(gate)));
  return [...recorded(evidence)].filter(([field, reports]) =>
    gated.has(field) && new Set(reports.map(({ value }) => value)).size > 1
  ).map(([field, reports]) => {
    const said = `${field} is ${reports.map(({ id, value }) => `${value} in ${id}`).join(", ")}`;
    return warning("conflict", null, said, "Find out which is right; each is judged by itself");
  });
}

function unread(policy: Policy, evidence: ReadonlyMap<string, Evidence> | null): LintFinding[] {
  if (evidence === null) return [];
  const gated = new Set(policy.gates.flatMap((gate) => fieldsOf(gate)));
  return [...recorded(evidence)].filter(([field]) => !gated.has(field)).map(([field, reports]) =>
    warning(
      "ungated",
      null,
      `${field} of ${reports.map(({ id }) => id).join(", ")} is recorded, and no gate reads it`,
      "Write a gate for it, or do not show it as a result",
    )
  );
}

function evidenceOf(gate: Gate): readonly string[] {
  if (gate.kind === "contract") return [gate.surface];
  if (!("evidence" in gate)) return [];
  return typeof gate.evidence === "string" ? [gate.evidence] : gate.evidence;
}

/** Members of a row that a gate reads. */
function fieldsOf(gate: Gate): string[] {
  const own = "field" in gate && gate.field !== null ? [gate.field] : [];
  const ratio = "ratio" in gate && gate.ratio !== null ? [gate.ratio.good, gate.ratio.total] : [];
  const scenario = gate.kind === "scenario" || gate.kind === "coverage" ? ["trials", "failures"] : [];
  const artifact = gate.kind === "artifact"
    ? [...gate.require.keys, ...Object.keys(gate.require.equals), ...gate.require.allEqual]
    : [];
  return [...own, ...ratio, ...scenario, ...artifact];
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(3))} %`;
}
