/** The benchmark folders as the gates judge them: findings by scenario, overhead by node, and what the files could not give. */
import { type ArmOrigin, type Fitness, judgeBaseline } from "../gate/baseline.ts";
import { judgeScenario, type Problem, type ScenarioFindings } from "../gate/m5.ts";
import { IoError, SloctlError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import {
  type Arm,
  type BenchRun,
  listScenarios,
  readArm,
  readManifest,
  scenariosWithEvidence,
} from "../source/bench_folders.ts";
import type { BaselineManifest } from "../model/bench_run.ts";
import type { M5Options, Roots } from "./m5gate_options.ts";

export interface Evidence {
  readonly scenarios: readonly string[];
  readonly findings: readonly ScenarioFindings[];
  readonly overheadByNode: ReadonlyMap<string, readonly number[]>;
  readonly unmeasured: readonly string[];
  readonly problems: readonly Problem[];
  /** The candidate's folder cannot be listed: told when the summary is written. */
  readonly rootError: IoError | null;
}

/** Scenario by scenario, so that no more than one is held at a time. */
export function gather(roots: Roots, options: M5Options, io: Io): Evidence {
  const problems: Problem[] = [];
  const unmeasured: string[] = [];
  const overheadByNode = new Map<string, number[]>();
  const findings: ScenarioFindings[] = [];
  const { scenarios, rootError } = named(roots, options.scenarios, problems);
  for (const scenario of scenarios) {
    io.stop.throwIfAborted();
    const candidate = readArm(roots.candidateRoot, scenario, { flat: false });
    const baseline = readArm(roots.baselineRoot, scenario, { flat: true });
    const told = (arm: "candidate" | "baseline", of: Arm) =>
      problems.push(...of.problems.map((one) => ({
        ...one,
        scenario,
        arm,
        sentence: `evidence ${scenario}: ${one.sentence}`,
      })));
    told("candidate", candidate);
    told("baseline", baseline);
    for (const run of candidate.runs) takeOverhead(scenario, run, overheadByNode, unmeasured, problems);
    const fitness = fitnessOf(scenario, candidate, baseline, roots, options, problems);
    const samples = (arm: Arm) => arm.runs.map((run) => run.samples);
    findings.push(judgeScenario(scenario, samples(candidate), samples(baseline), fitness, options));
  }
  return { scenarios, findings, overheadByNode, unmeasured, problems, rootError };
}

/** Those asked for; else the candidate's and the baseline's: a scenario that is gone from one of them is missing, not passed. */
function named(
  { candidateRoot, baselineRoot }: Roots,
  asked: readonly string[],
  problems: Problem[],
): Pick<Evidence, "scenarios" | "rootError"> {
  if (asked.length > 0) return { scenarios: [...new Set(asked)].sort(), rootError: null };
  try {
    const scenarios = [...new Set([...listScenarios(candidateRoot), ...scenariosWithEvidence(baselineRoot)])].sort();
    if (scenarios.length === 0) problems.push(nothing(`evidence: "${candidateRoot}" holds no scenario folder`));
    return { scenarios, rootError: null };
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    problems.push(nothing(`evidence: ${error.message}`));
    return { scenarios: [], rootError: error };
  }
}

function nothing(sentence: string): Problem {
  return { scenario: "", arm: "candidate", verdict: "not-evaluated", reason: "no-data", sentence };
}

function takeOverhead(
  scenario: string,
  run: BenchRun,
  byNode: Map<string, number[]>,
  unmeasured: string[],
  problems: Problem[],
): void {
  const where = `${scenario}/${run.samples.name}`;
  const { overheadUnmeasured } = run.provenance;
  if (overheadUnmeasured !== null) {
    unmeasured.push(`${where}: ${overheadUnmeasured}`);
    return;
  }
  for (const problem of run.overhead.problems) {
    if (problem.verdict !== "integrity") unmeasured.push(problem.sentence);
    else {problems.push({
        ...problem,
        scenario,
        arm: "candidate",
        sentence: `evidence ${scenario}: ${problem.sentence}`,
      });}
  }
  for (const [node, rows] of run.overhead.byNode) {
    const all = byNode.get(node) ?? [];
    for (const row of rows) all.push(row);
    byNode.set(node, all);
  }
}

function fitnessOf(
  scenario: string,
  candidate: Arm,
  baseline: Arm,
  roots: Roots,
  options: M5Options,
  problems: Problem[],
): Fitness {
  const manifestOf = (arm: "candidate" | "baseline", root: string, path?: string): BaselineManifest | null => {
    try {
      return readManifest(root, scenario, path);
    } catch (error) {
      if (!(error instanceof SloctlError)) throw error;
      problems.push({
        scenario,
        arm,
        verdict: "not-evaluated",
        reason: "unreadable",
        sentence: `evidence ${scenario}: ${error.message}`,
      });
      return null;
    }
  };
  const own = manifestOf("candidate", roots.candidateRoot);
  return judgeBaseline({
    scenario,
    candidate: originOf(candidate, own),
    baseline: originOf(baseline, null),
    manifest: manifestOf("baseline", roots.baselineRoot, options.baselineManifest),
    candidateCommit: options.candidateCommit,
    requireManifest: options.requireBaselineManifest,
    allowSameCommit: options.allowSameCommit,
    now: options.now,
  });
}

function originOf({ runs }: Arm, own: BaselineManifest | null): ArmOrigin {
  const said = (values: readonly (string | null | undefined)[]) => [
    ...new Set(values.filter((value): value is string => (value ?? "") !== "")),
  ];
  return {
    synthetic: own?.origin === "synthetic" || runs.some((run) => run.synthetic),
    files: runs.map((run) => run.digest),
    commits: said([own?.source_commit, ...runs.map((run) => run.provenance.commit)]),
    hosts: said([own?.host_sha256, ...runs.map((run) => run.provenance.host)]),
    scenarios: said([own?.scenario_sha256, ...runs.map((run) => run.provenance.scenario)]),
  };
}
