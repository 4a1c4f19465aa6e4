/** `sloctl faultinject`: the raw samples a scenario would leave, invented; or, with --real, the fault itself, done to the lab. */
import { EXIT } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { loadScenario } from "../source/scenario_files.ts";
import { syntheticRequests } from "../source/synthetic.ts";
import { type Place, rawSample, SYNTHETIC_PLACE } from "../source/synthetic_documents.ts";
import { injectScenario } from "./faultinject_real.ts";
import { checkCount, writeLines } from "./lines.ts";

export interface FaultinjectOptions {
  /** Name or path. */
  readonly scenario: string;
  readonly count: number;
  /** Undefined: the scenario's. */
  readonly seed: number | undefined;
  /** `-` is standard output. */
  readonly out: string;
  readonly place: Partial<Place>;
  readonly real: boolean;
  /** Milliseconds of the real fault; undefined: the scenario's fault phase. */
  readonly forMs: number | undefined;
  /** Control group for a CPU quota; undefined: the lab's gateway. */
  readonly targetCgroup: string | undefined;
}

/** Resolves to the exit code. @throws UsageError, IoError; UnsupportedError when a mechanism has no injector. */
export async function faultinject(options: FaultinjectOptions, io: Io): Promise<number> {
  const scenario = loadScenario(options.scenario);
  if (options.real) {
    await injectScenario(scenario, options, io);
    return EXIT.ok;
  }
  const { count, seed = scenario.harness.seed } = options;
  checkCount(count);
  const place = { ...SYNTHETIC_PLACE, ...options.place };
  const samples = syntheticRequests({ scenario, count, seed }).map((r) => rawSample(r, scenario.name, place));
  const written = await writeLines(options.out, samples, io);
  if (options.out !== "-") io.err(`sloctl: ${written} synthetic raw samples of ${scenario.name} -> ${options.out}\n`);
  return EXIT.ok;
}
