/** `sloctl benchgen`: the artefacts of a benchmark, one folder per run: measured in the lab, or invented and marked so in every file. */
import { EXIT, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import type { Scenario } from "../model/scenario.ts";
import { duration, plural } from "../report/format.ts";
import { progressLine } from "../report/progress.ts";
import { writeText } from "../host/write_text.ts";
import type { AttributionMode } from "./attributor.ts";
import { runFiles } from "./benchgen/artifacts.ts";
import { isComplete, type RunIdentity, writeFolder } from "./benchgen/folder.ts";
import { liveRun, type Pauses } from "./benchgen/live.ts";
import { leftMs, type Matrix, type PlannedRun, plannedRuns, scenariosOf } from "./benchgen/plan.ts";
import { machine, scenarioDigest, sha256, type Source, source } from "./benchgen/provenance.ts";
import { recordedRun, scenarioOf } from "./benchgen/recorded.ts";
import type { RunResult } from "./benchgen/run_result.ts";
import { syntheticRun } from "./benchgen/synthetic.ts";
import { refuseMissing } from "./faultinject_real.ts";

export interface BenchgenOptions extends Matrix {
  readonly workload: string | undefined;
  /** A recording to make the one run of. */
  readonly input: string | undefined;
  readonly mode: AttributionMode | undefined;
  /** Runs that are whole are made again. */
  readonly fresh: boolean;
  readonly argv: readonly string[];
  readonly version: string;
  /** Live: argv prefix that runs the agent; for tests. */
  readonly agentProgram?: readonly string[];
  /** Live: waits beside the phases; for tests. */
  readonly pauses?: Pauses;
}

const STATISTICS_KEPT = "BPF run time is measured with the kernel's statistics on, which costs about 50 ns a run";

/**
 * Runs that are there already, whole and of the same kind, are kept: after an interruption the same command goes on. Exit code 0 when
 * every assertion of the scenarios holds, 1 when one does not.
 *
 * @throws UsageError, UnsupportedError, IoError; the reason of `io.stop` when it is interrupted, nothing half-written being left
 */
export async function benchgen(options: BenchgenOptions, io: Io): Promise<number> {
  if (options.input !== undefined) return await fromRecording(options.input, options, io);
  const scenarios = scenariosOf(options);
  const plan = scenarios.flatMap((scenario) => plannedRuns(scenario, options));
  if (options.live) scenarios.forEach(refuseMissing);
  const from = await source();
  const mode = options.mode ?? (options.live ? "model" : "rule");
  const identities = new Map(plan.map((run) => [run, identityOf(run, mode, options, from)]));
  const todo = plan.filter((run) => options.fresh || !isComplete(run.folder, identities.get(run)!));
  if (todo.length < plan.length) {
    io.err(
      `sloctl: ${
        plural(plan.length - todo.length, "run")
      } of ${plan.length} are there and are kept (--fresh makes them again)\n`,
    );
  }
  let failed = plan.filter((run) => !todo.includes(run)).reduce((sum, { folder }) => sum + heldFailures(folder), 0);
  {
    using progress = progressLine(io);
    for (const [i, run] of todo.entries()) {
      io.stop.throwIfAborted();
      const left = duration(1000 * Math.round(leftMs(todo.slice(i), options.live) / 1000));
      const name = `${run.scenario.name} run-${run.n} (${i + 1} of ${todo.length}, ${left} left)`;
      const tell = (text: string) => progress.update(`${name}: ${text}`);
      const result = options.live
        ? await liveRun({
          scenario: run.scenario,
          seed: run.seed,
          workload: options.workload,
          mode,
          rps: options.rps,
          offFirst: run.n % 2 === 1,
          onProgress: tell,
          ...(options.agentProgram === undefined ? {} : { agentProgram: options.agentProgram }),
          ...(options.pauses === undefined ? {} : { pauses: options.pauses }),
        }, io)
        : syntheticRun(run.scenario, run.seed, mode, options.workload);
      const { files, outcomes } = runFiles(run.scenario, result);
      await writeFolder(run.folder, files, provenanceOf(run, result, identities.get(run)!, options));
      failed += outcomes.filter(({ verdict }) => verdict !== "pass").length;
      for (const { verdict, sentence } of outcomes) {
        io.out(`${run.scenario.name}  run-${run.n}  ${verdict}  ${sentence}\n`);
      }
    }
  }
  for (const scenario of scenarios) await writeManifest(scenario, options, from, io);
  const what = options.live ? "measured" : "synthetic";
  io.err(
    `sloctl: ${plural(todo.length, "run")} (${what}) of ${
      scenarios.map(({ name }) => name).join(", ")
    } -> ${options.out}${options.live ? "" : "; they prove nothing about real faults"}\n`,
  );
  return failed === 0 ? EXIT.ok : EXIT.gateSaidNo;
}

function identityOf(run: PlannedRun, mode: string, options: BenchgenOptions, from: Source): RunIdentity {
  return {
    scenario_sha256: digestOf(run.scenario, options),
    host_sha256: sha256(toJson(machine())),
    commit: from.commit,
    seed: run.seed,
    workload: options.workload ?? "",
    mode,
    origin: options.live ? "measured" : "synthetic",
  };
}

function digestOf(scenario: Scenario, { live, rps }: BenchgenOptions): string {
  return scenarioDigest(scenario, { live, rps: rps ?? null });
}

function provenanceOf(
  run: PlannedRun,
  result: RunResult,
  identity: RunIdentity,
  options: BenchgenOptions,
): Readonly<Record<string, unknown>> {
  const { unmeasured, started, finished } = result;
  return {
    commit: identity.commit,
    origin: result.origin,
    ...(result.origin === "synthetic" ? { synthetic: true } : {}),
    versions: { sloctl: options.version, deno: Deno.version.deno, v8: Deno.version.v8 },
    ...machine(),
    argv: options.argv,
    seed: run.seed,
    ...(started === null ? {} : { started, finished }),
    runs: { n: run.n, planned: run.of },
    digests: { host_sha256: identity.host_sha256, scenario_sha256: identity.scenario_sha256 },
    overhead: unmeasured === null
      ? { measured: true, every_ms: 250, note: STATISTICS_KEPT, paired: result.paired }
      : { measured: false, reason: unmeasured },
    identity,
  };
}

/** One run, of a recording: its scenario is the one named, or what was recorded. */
async function fromRecording(path: string, options: BenchgenOptions, io: Io): Promise<number> {
  if (options.live || (options.runs ?? 1) !== 1) {
    throw new UsageError("Cannot make several runs, or a live one, of a recording", "Leave out --live and --runs");
  }
  const [scenario] = scenariosOf({ ...options, scenarios: [options.scenarios[0] ?? await scenarioOf(path)] });
  const [run] = plannedRuns(scenario!, { ...options, runs: 1 });
  const mode = options.mode ?? "model";
  const { result, host, made } = await recordedRun(path, scenario!, mode, options.workload);
  const from = await source();
  const identity = { ...identityOf(run!, mode, options, from), host_sha256: sha256(toJson(host)), origin: "measured" };
  const { files, outcomes } = runFiles(scenario!, result);
  await writeFolder(run!.folder, files, { ...provenanceOf(run!, result, identity, options), ...made, replay: true });
  for (const { verdict, sentence } of outcomes) io.out(`${scenario!.name}  run-1  ${verdict}  ${sentence}\n`);
  io.err(`sloctl: 1 run (recorded) of ${scenario!.name} -> ${options.out}\n`);
  return outcomes.every(({ verdict }) => verdict === "pass") ? EXIT.ok : EXIT.gateSaidNo;
}

/** Assertions that did not hold in a run that is kept. */
function heldFailures(folder: string): number {
  const { assertions } = JSON.parse(Deno.readTextFileSync(`${folder}/attribution_summary.json`));
  return (assertions as { readonly verdict: string }[]).filter(({ verdict }) => verdict !== "pass").length;
}

/** So that today's candidate is tomorrow's baseline. */
async function writeManifest(scenario: Scenario, options: BenchgenOptions, from: Source, io: Io): Promise<void> {
  const manifest = {
    source_ref: from.ref,
    source_commit: from.commit,
    generated_at: new Date().toISOString(),
    origin: options.live ? "measured" : "synthetic",
    host_sha256: sha256(toJson(machine())),
    scenario_sha256: digestOf(scenario, options),
  };
  await writeText(`${options.out}/${scenario.name}/manifest.json`, `${toJson(manifest, 2)}\n`, io);
}
