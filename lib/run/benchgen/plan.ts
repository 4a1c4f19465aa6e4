/** Which runs a benchmark is made of. */
import { UsageError } from "../../model/errors.ts";
import { type Scenario, SCENARIO_PHASES } from "../../model/scenario.ts";
import { loadScenario, scenarioNames } from "../../source/scenario_files.ts";
import { missingInjectors } from "../faultinject_real.ts";
import { liveMs } from "./live.ts";

export interface Matrix {
  /** Names or files; `all`: every one that comes with the program, live those that can be done for real. Empty: `mixed`. */
  readonly scenarios: readonly string[];
  readonly out: string;
  readonly live: boolean;
  readonly runs: number | undefined;
  /** Live: requests a second; undefined: the profile's. */
  readonly rps: number | undefined;
  /** `baseline=20s,fault=20s`, any of them; the scenario's otherwise. */
  readonly phases: string | undefined;
}

export interface PlannedRun {
  readonly scenario: Scenario;
  readonly n: number;
  readonly of: number;
  readonly folder: string;
  readonly seed: number;
}

/** Starting and ending the lab. */
const LAB_MS = 5000;
/** @throws UsageError, IoError */
export function scenariosOf({ scenarios: asked, live, phases, runs, rps }: Matrix): Scenario[] {
  if (runs !== undefined && runs < 1) {
    throw new UsageError(`Cannot make "${runs}" runs: there must be at least one`, "Give --runs 1 or more");
  }
  if (rps !== undefined && !(rps > 0)) {
    throw new UsageError(`Cannot send "${rps}" requests a second: it must be above 0`, "Give --rps 5");
  }
  const names = (asked.length > 0 ? asked : ["mixed"]).flatMap((name) => name === "all" ? scenarioNames() : [name]);
  const loaded = [...new Set(names)].map((name) => withPhases(loadScenario(name), phases));
  // Of all, those that cannot be done for real are left out; one that was named is refused.
  return live && asked.includes("all")
    ? loaded.filter((one) => asked.includes(one.name) || missingInjectors(one).length === 0)
    : loaded;
}

function withPhases(scenario: Scenario, text: string | undefined): Scenario {
  if (text === undefined) return scenario;
  const phases = { ...scenario.harness.phases };
  for (const part of text.split(",")) {
    const [, name, seconds] = /^\s*(\w+)=(\d+(?:\.\d+)?)s?\s*$/.exec(part) ?? [];
    const phase = SCENARIO_PHASES.find((known) => known === name);
    if (phase === undefined || !(Number(seconds) > 0)) {
      throw new UsageError(
        `Cannot read phase "${part}": it is not name=seconds`,
        "Write --phases baseline=20s,fault=20s",
      );
    }
    phases[phase] = Number(seconds) * 1000;
  }
  const scale = phases.fault / scenario.harness.phases.fault;
  const faults = scenario.faults.map((step) => ({ ...step, fromMs: step.fromMs * scale, forMs: step.forMs * scale }));
  return { ...scenario, faults, harness: { ...scenario.harness, phases } };
}

export function plannedRuns(scenario: Scenario, { runs, out }: Pick<Matrix, "runs" | "out">): PlannedRun[] {
  const of = runs ?? scenario.harness.repetitions;
  return Array.from({ length: of }, (_, i) => ({
    scenario,
    n: i + 1,
    of,
    folder: `${out}/${scenario.name}/run-${i + 1}`,
    seed: scenario.harness.seed + i,
  }));
}

/** Milliseconds these runs take; nothing to speak of where they are not live. */
export function leftMs(runs: readonly PlannedRun[], live: boolean): number {
  return live ? runs.reduce((sum, { scenario }) => sum + LAB_MS + liveMs(scenario), 0) : 0;
}
