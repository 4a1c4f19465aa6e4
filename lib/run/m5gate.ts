/** `sloctl m5gate`: may this candidate be released, by its benchmark folders and those of a baseline. */
import { type ArmOrigin, type Fitness, judgeBaseline } from "../gate/baseline.ts";
import { conclude, judgeScenario, type Problem, type ScenarioFindings } from "../gate/m5.ts";
import type { Parameters } from "../gate/m5_evidence.ts";
import { judgeOverhead } from "../gate/overhead.ts";
import type { Verdict } from "../gate/verdict.ts";
import { writeText } from "../host/write_text.ts";
import { EXIT, IoError, SloctlError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import {
  type Arm,
  type BenchRun,
  listScenarios,
  readArm,
  readManifest,
  scenariosWithEvidence,
} from "../source/bench_folders.ts";
import type { Manifest } from "../source/bench_provenance.ts";
import { annotations, type Judgement, lines, markdown, svg } from "./m5gate_summary.ts";

export interface M5Options extends Parameters {
  readonly candidateRoot: string | undefined;
  readonly baselineRoot: string | undefined;
  readonly baselineManifest: string | undefined;
  readonly candidateRef: string;
  readonly candidateCommit: string;
  readonly requireBaselineManifest: boolean;
  /** Empty: those of the candidate. */
  readonly scenarios: readonly string[];
  readonly outJson: string | undefined;
  readonly outMd: string | undefined;
  readonly outSvg: string | undefined;
  readonly profile: "release" | "pr";
  readonly allowSameCommit: boolean;
  /** RFC 3339. */
  readonly now: string;
}

const CODE: Readonly<Record<Verdict | "integrity", number>> = {
  pass: EXIT.ok,
  fail: EXIT.gateSaidNo,
  inconclusive: EXIT.unsupported,
  "not-evaluated": EXIT.io,
  integrity: EXIT.integrity,
};

/** Under so many the limits are rough; under a twentieth of it they are none, and are refused. */
const ROUGH_REPLICATES = 1000;
const FEWEST_REPLICATES = 100;

/**
 * Exit code 0 pass, 1 fail, 3 inconclusive, 4 not evaluated, 5 a file is not what it says it is. The summary is written for each.
 *
 * @throws UsageError; IoError when an output cannot be written (the verdict then stands on standard error)
 */
export async function m5gate(options: M5Options, io: Io): Promise<number> {
  const roots = checked(options);
  if (options.bootstrapIters < ROUGH_REPLICATES) {
    io.err(`sloctl: --bootstrap-iters ${options.bootstrapIters} gives rough limits; 2000 is the usual\n`);
  }
  const evidence = gather(roots, options, io);
  const overhead = judgeOverhead(evidence.overheadByNode, evidence.unmeasured, options);
  const conclusion = conclude(evidence.findings, overhead, evidence.problems, options);
  const judgement: Judgement = { conclusion, overhead, parameters: options };
  const { verdict, pass, outcomes, baseline, variance, significance, comparisons, failures, notes, settle } =
    conclusion;
  const summary = {
    schema: "m5_gate_summary/v1",
    generated_at: options.now,
    candidate_root: roots.candidateRoot,
    baseline_root: roots.baselineRoot,
    candidate: { ref: options.candidateRef, commit: options.candidateCommit },
    mode: options.mode,
    profile: options.profile,
    parameters: parametersOf(options),
    scenarios: evidence.scenarios,
    baseline,
    overhead: { ...overhead, pass: overhead.verdict === "pass" },
    variance,
    significance,
    comparisons,
    verdict,
    outcomes,
    pass,
    failures,
    notes,
    settle,
  };
  await write(judgement, `${toJson(summary, 2)}\n`, options, io);
  if (evidence.rootError !== null) throw evidence.rootError;
  if (![options.outJson, options.outMd, options.outSvg].includes("-")) tell(judgement, evidence.problems, io);
  if (options.profile === "pr" && verdict === "inconclusive") {
    io.err("sloctl: inconclusive is let through by --profile pr; a release would be blocked\n");
    return EXIT.ok;
  }
  return CODE[verdict];
}

interface Evidence {
  readonly scenarios: readonly string[];
  readonly findings: readonly ScenarioFindings[];
  readonly overheadByNode: ReadonlyMap<string, readonly number[]>;
  readonly unmeasured: readonly string[];
  readonly problems: readonly Problem[];
  /** The candidate's folder cannot be listed: told when the summary is written. */
  readonly rootError: IoError | null;
}

/** Scenario by scenario, so that no more than one is held at a time. */
function gather(roots: { candidateRoot: string; baselineRoot: string }, options: M5Options, io: Io): Evidence {
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
  { candidateRoot, baselineRoot }: { candidateRoot: string; baselineRoot: string },
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
  roots: { candidateRoot: string; baselineRoot: string },
  options: M5Options,
  problems: Problem[],
): Fitness {
  const manifestOf = (arm: "candidate" | "baseline", root: string, path?: string): Manifest | null => {
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

function originOf({ runs }: Arm, own: Manifest | null): ArmOrigin {
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

/** @throws IoError when one of them cannot be written: what is not recorded is no pass, so the verdict goes to standard error */
async function write(judgement: Judgement, json: string, options: M5Options, io: Io): Promise<void> {
  const text = markdown(judgement);
  const stepSummary = io.env("GITHUB_STEP_SUMMARY");
  try {
    if (options.outJson !== undefined) await writeText(options.outJson, json, io);
    if (options.outMd !== undefined) await writeText(options.outMd, text, io);
    if (options.outSvg !== undefined) await writeText(options.outSvg, svg(judgement), io);
    if (stepSummary !== undefined && stepSummary !== "") await append(stepSummary, text);
  } catch (error) {
    io.err(`sloctl: the verdict, which could not be written: ${judgement.conclusion.verdict}\n`);
    throw error;
  }
  if (io.env("GITHUB_ACTIONS") === "true") io.err(annotations(judgement));
}

/** A damaged file: then there is no result to print, only what is wrong. */
const DAMAGED = ["torn", "unreadable", "unknown-schema", "negative", "digest"];

function tell(judgement: Judgement, problems: readonly Problem[], io: Io): void {
  const damage = problems.filter(({ reason }) => DAMAGED.includes(reason));
  if (damage.length === 0) return io.out(lines(judgement));
  for (const { sentence } of damage) io.err(`sloctl: Cannot judge: ${sentence}\n`);
  io.err(`  hint: Get the whole files; the verdict is ${judgement.conclusion.verdict}\n`);
}

async function append(path: string, text: string): Promise<void> {
  try {
    await Deno.writeTextFile(path, text, { append: true });
  } catch (error) {
    throw new IoError(`Cannot write the step summary "${path}": ${(error as Error).message}`);
  }
}

function parametersOf(options: M5Options): Readonly<Record<string, number>> {
  const { maxOverheadPct, maxVariancePct, minRuns, ttftRegressionPct, alpha, bootstrapIters, seed } = options;
  return {
    max_overhead_pct: maxOverheadPct,
    max_variance_pct: maxVariancePct,
    min_runs: minRuns,
    ttft_regression_pct: ttftRegressionPct,
    alpha,
    bootstrap_iters: bootstrapIters,
    seed,
    min_samples: options.minSamples,
    min_cliffs_delta: options.minCliffsDelta,
  };
}

function checked(options: M5Options): { candidateRoot: string; baselineRoot: string } {
  const { candidateRoot, baselineRoot } = options;
  if (candidateRoot === undefined || baselineRoot === undefined) {
    const missing = candidateRoot === undefined ? "--candidate-root" : "--baseline-root";
    throw new UsageError(`Cannot judge: ${missing} is missing`, "Give both folders of benchmark runs");
  }
  const { alpha, bootstrapIters, minCliffsDelta } = options;
  const bounds: [string, number, boolean][] = [
    ["max-overhead-pct", options.maxOverheadPct, options.maxOverheadPct > 0],
    ["max-variance-pct", options.maxVariancePct, options.maxVariancePct > 0],
    ["min-runs", options.minRuns, options.minRuns >= 1],
    ["ttft-regression-pct", options.ttftRegressionPct, options.ttftRegressionPct > 0],
    ["alpha", alpha, alpha > 0 && alpha < 1],
    ["bootstrap-iters", bootstrapIters, bootstrapIters >= FEWEST_REPLICATES && bootstrapIters <= 100_000],
    ["min-samples", options.minSamples, options.minSamples >= 1],
    ["min-cliffs-delta", minCliffsDelta, minCliffsDelta > 0 && minCliffsDelta <= 1],
  ];
  for (const [name, value, fine] of bounds) {
    if (!fine || !Number.isFinite(value)) {
      throw new UsageError(`Cannot use "--${name} ${value}": it is out of range`, `See "sloctl m5gate --help"`);
    }
  }
  return { candidateRoot, baselineRoot };
}
