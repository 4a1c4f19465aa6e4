/** Is the candidate worse than the baseline by more than a margin? Three-way, clustered by run; Holm over the groups. Pure. */
import { quantile } from "../../stats/describe.ts";
import type { BaselineManifest } from "../../model/bench_run.ts";
import { type ArmOrigin, judgeBaseline } from "../baseline.ts";
import type { Case, Evidence } from "../evidence.ts";
import { undecided } from "../finding.ts";
import { type Judgement, worstOf } from "../judgement.ts";
import { compare, type Comparison, percent, settleFamily } from "../noninferiority.ts";
import type { Gate } from "../policy.ts";
import { type Group, groupsOf } from "../values.ts";
import { quantileOf, strange } from "./threshold.ts";

type Regression = Extract<Gate, { kind: "regression" }>;

export function judgeRegression(gate: Regression, candidate: Evidence, baseline: Evidence, given: Case): Judgement {
  const { rel, abs } = gate.margin;
  const limit = `${gate.agg} worse by at most ${
    [rel > 0 || abs === 0 ? `${100 * rel} %` : "", abs > 0 ? abs : ""].filter(Boolean).join(" or ")
  }`;
  const [ours, theirs] = [candidate, baseline].map((evidence) =>
    new Map(groupsOf(evidence, gate.field, gate.by).map((group) => [group.name, group]))
  ) as [Map<string, Group>, Map<string, Group>];
  const names = [...new Set([...ours.keys(), ...theirs.keys()])].sort();
  const found: [string, Judgement | Comparison][] = names.map((name) => [
    name,
    refused(gate, name, ours.get(name), theirs.get(name), candidate, baseline, given, limit) ??
      compared(gate, name, ours.get(name)!, theirs.get(name)!, given),
  ]);
  const comparisons = found.flatMap(([, one]) => "p_harm" in one ? [one] : []);
  const settled = gate.holm ? settleFamily(comparisons, gate.alpha) : comparisons;
  return worstOf(
    found.map(([name, one]) => [name, "p_harm" in one ? judgement(settled[comparisons.indexOf(one)]!, limit) : one]),
    limit,
  );
}

function compared(gate: Regression, name: string, ours: Group, theirs: Group, { seed }: Case): Comparison {
  const q = quantileOf(gate.agg)!;
  const base = quantile(theirs.values, q);
  const arm = ({ runs }: Group) => [...runs.values()].map((run) => Float64Array.from(run));
  return compare(arm(ours), arm(theirs), {
    quantile: q,
    direction: gate.direction,
    margin: Math.max(gate.margin.rel, base > 0 ? gate.margin.abs / base : 0),
    alpha: gate.alpha,
    replicates: gate.replicates,
    key: `${seed ?? gate.seed}/${gate.id}/${name}/${gate.field}`,
    minSamples: gate.minSamples ?? 1,
  });
}

function judgement(c: Comparison, limit: string): Judgement {
  const said = c.why ?? `${percent(c.change)} (${percent(c.low)} to ${percent(c.high)})`;
  return {
    verdict: c.verdict,
    reason: c.reason,
    said,
    value: c.change,
    limit,
    n: Math.min(...c.samples),
    interval: [c.low, c.high],
    method: `${c.method} ${c.level}`,
  };
}

/** What keeps the two from being compared, or null. */
function refused(
  gate: Regression,
  name: string,
  ours: Group | undefined,
  theirs: Group | undefined,
  candidate: Evidence,
  baseline: Evidence,
  given: Case,
  limit: string,
): Judgement | null {
  const missing = ours === undefined ? "candidate" : theirs === undefined ? "baseline" : null;
  if (ours === undefined || theirs === undefined) {
    return undecided("not-evaluated", "no-data", `the ${missing} has no such rows`, limit);
  }
  const broken = strange(ours, 0, limit) ?? strange(theirs, 0, limit);
  if (broken !== null) return broken;
  const scenario = gate.by.includes("scenario") ? name.split("/")[gate.by.indexOf("scenario")]! : null;
  const origin = ({ files }: Evidence): ArmOrigin => {
    const own = files.filter((file) => scenario === null || file.scenario === scenario || file.scenario === "");
    return {
      synthetic: own.some((file) => file.synthetic),
      files: own.map(({ sha256 }) => sha256),
      commits: [...new Set(own.flatMap(({ commit }) => commit ?? []))],
      hosts: [],
      scenarios: [],
    };
  };
  const [mine, other] = [origin(candidate), origin(baseline)];
  const { provenance } = baseline.spec;
  if (provenance === null) {
    const same = mine.files.some((digest) => other.files.includes(digest));
    if (other.synthetic) return undecided("not-evaluated", "synthetic", "the baseline is synthetic", limit);
    return same
      ? undecided("not-evaluated", "baseline-is-candidate", "the same file stands in both arms", limit)
      : null;
  }
  const manifest = manifestOf(given.documents.get(provenance.manifest), scenario);
  if (manifest !== null && provenance.origin === "measured" && manifest.origin !== "measured") {
    const said = `the baseline's manifest says origin ${manifest.origin ?? "nothing"}, and measured is asked for`;
    return undecided("not-evaluated", "origin", said, limit);
  }
  const commit = given.subject.git_commit;
  const fit = judgeBaseline({
    scenario: name,
    candidate: mine,
    baseline: other,
    manifest,
    candidateCommit: typeof commit === "string" ? commit : "",
    requireManifest: false,
    allowSameCommit: false,
    now: new Date(given.atMs).toISOString(),
  });
  if (fit.verdict !== "pass") {
    const verdict = fit.verdict === "inconclusive" ? "inconclusive" : "not-evaluated";
    return undecided(verdict, fit.reason ?? "baseline", fit.reasons.join("; "), limit);
  }
  // That it is another commit has to be known where the policy asks for it.
  if (provenance.distinctFrom !== null && typeof commit !== "string" && mine.commits.length === 0) {
    const said = "neither subject.json nor provenance.json says the candidate's commit";
    return undecided("not-evaluated", "unknown-commit", said, limit);
  }
  return null;
}

function manifestOf(document: unknown, scenario: string | null): BaselineManifest | null {
  if (typeof document !== "object" || document === null) return null;
  const raw = document as Record<string, unknown>;
  const text = (value: unknown) => typeof value === "string" ? value : null;
  const digests = raw.scenario_sha256;
  return {
    source_ref: text(raw.source_ref),
    source_commit: text(raw.source_commit),
    generated_at: text(raw.generated_at),
    origin: text(raw.origin),
    host_sha256: text(raw.host_sha256),
    scenario_sha256: typeof digests === "object" && digests !== null && scenario !== null
      ? text((digests as Record<string, unknown>)[scenario])
      : text(digests),
  };
}
