/** `sloctl faultreplay`: fault samples of a scenario, invented; or a recorded run, played again. */
import { EXIT, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { loadScenario } from "../source/scenario_files.ts";
import { syntheticRequests } from "../source/synthetic.ts";
import { faultSample, SYNTHETIC_PLACE } from "../source/synthetic_documents.ts";
import { replayRecording } from "./faultreplay_recording.ts";
import { checkCount, writeLines } from "./lines.ts";
import { pacer } from "./pace.ts";

export interface FaultreplayOptions {
  /** Name or path; undefined with `input`. */
  readonly scenario: string | undefined;
  readonly count: number;
  readonly seed: number | undefined;
  readonly out: string;
  /** 1 is as recorded, 0 does not wait. */
  readonly speed: number;
  /** A recording. */
  readonly input: string | undefined;
  /** Spans of the recording go there instead of to `out`. */
  readonly otlpEndpoint: string | undefined;
}

/** Resolves to the exit code. */
export async function faultreplay(options: FaultreplayOptions, io: Io): Promise<number> {
  const { scenario: name, input, otlpEndpoint } = options;
  if ((name === undefined) === (input === undefined)) {
    throw new UsageError(
      name === undefined
        ? "Cannot replay: neither a scenario nor a recording is named"
        : "Cannot replay both a scenario and a recording",
      "Give --scenario NAME for synthetic fault samples, or --input FILE for a recorded run",
    );
  }
  if (input !== undefined) {
    await replayRecording({ input, speed: options.speed, out: options.out, otlpEndpoint }, io);
    return EXIT.ok;
  }
  if (otlpEndpoint !== undefined) {
    throw new UsageError("Cannot send fault samples over OTLP: they are not spans", "Give --input RECORDING with it");
  }
  const scenario = loadScenario(name!);
  const { count, seed = scenario.harness.seed } = options;
  checkCount(count);
  const wait = pacer(options.speed, io.stop);
  const requests = syntheticRequests({ scenario, count, seed });
  const samples = requests.map((request) => faultSample(request, scenario.name, SYNTHETIC_PLACE));
  const pace = options.speed === 0
    ? undefined
    : (sample: { timestamp: string }) => wait(BigInt(Date.parse(sample.timestamp)) * 1_000_000n);
  const written = await writeLines(options.out, samples, io, pace);
  if (options.out !== "-") io.err(`sloctl: ${written} synthetic fault samples of ${scenario.name} -> ${options.out}\n`);
  return EXIT.ok;
}
