/** `sloctl attributor`: incidents and the domains they point at, from events and spans, from a recording, or from fault samples. */
import type { NamedPeers } from "../correlate/peers.ts";
import { EXIT, UsageError } from "../model/errors.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { Io } from "../model/io.ts";
import { attributeFaults } from "./attributor_faults.ts";
import { writeAttributions } from "./attributor_outputs.ts";
import { attributeRecording, attributeTelemetry } from "./attributor_telemetry.ts";
import { openSending, refuseLosses, type Sending } from "./sending.ts";
import { readDocumentFiles, refuseTruncated } from "./documents_input.ts";
import type { SendOptions } from "./send_options.ts";

export type AttributionMode = "model" | "bayes" | "rule";

export interface AttributorOptions {
  /** `-` is standard input. A name that ends in .gz is a recording. */
  readonly inputs: readonly string[];
  readonly mode: AttributionMode;
  /** `-` is standard output; undefined: not written. */
  readonly out: string;
  readonly predictionsOut: string | undefined;
  readonly summaryOut: string | undefined;
  readonly confusionOut: string | undefined;
  /** How long, from the first request on, events and spans count as the baseline. */
  readonly baselineMs: number;
  /** A request slower than this spends budget. */
  readonly objectiveMs: number;
  /** What the caller knows of the peers of a service that sends no spans. */
  readonly peers: NamedPeers;
  /** Where incidents go beside `out`. */
  readonly send: SendOptions;
}

/** How long a webhook is tried. */
const DRAIN_MS = 60_000;

/** One case: an answer (null: the objective did not move), and what it should have been where somebody knows. */
export interface Attributed {
  readonly incidentId: string;
  readonly timestamp: string;
  readonly answer: IncidentAttribution | null;
  /** Ground truth; never an input of the answer. */
  readonly expected: { readonly domain: string; readonly all: readonly string[] } | null;
}

export interface AttributedInput {
  readonly cases: readonly Attributed[];
  /** `fault_samples`, `events_and_spans`, `events` or `recording`. */
  readonly source: string;
  /** What decided, whatever was asked for. */
  readonly mode: AttributionMode;
  readonly refused: number;
  readonly synthetic: boolean;
  readonly replay: boolean;
}

/** Resolves to the exit code. @throws UsageError, IoError */
export async function attributor(options: AttributorOptions, io: Io): Promise<number> {
  checkOutputs(options);
  await using sending = await openSending(options.send, io);
  const recordings = options.inputs.filter((path) => path.endsWith(".gz"));
  if (recordings.length > 0) {
    if (options.inputs.length > 1) {
      throw new UsageError("Cannot mix a recording with other inputs", "Give the recording alone");
    }
    await deliver(await attributeRecording(recordings[0]!, options, io), options, sending, io);
    return EXIT.ok;
  }
  const documents = await readDocumentFiles(options.inputs, io);
  const { faults, probes, spans } = documents;
  if (faults.length > 0 && probes.length + spans.length > 0) {
    throw new UsageError("Cannot attribute fault samples and telemetry together", "Give them in two runs");
  }
  const attributed = faults.length > 0
    ? attributeFaults(documents, options.mode, io)
    : attributeTelemetry(documents, options, io);
  await deliver(attributed, options, sending, io);
  refuseTruncated(documents);
  return EXIT.ok;
}

/** Written first: what a webhook does not take is not lost. */
async function deliver(
  input: AttributedInput,
  options: AttributorOptions,
  sending: Sending,
  io: Io,
): Promise<void> {
  await writeAttributions(input, options, io);
  for (const { answer } of input.cases) if (answer !== null) sending.incident(answer);
  refuseLosses(await sending.close(DRAIN_MS, io.stop));
}

function checkOutputs({ out, predictionsOut, summaryOut, confusionOut }: AttributorOptions): void {
  const toStdout = [out, predictionsOut, summaryOut, confusionOut].filter((path) => path === "-");
  if (toStdout.length <= 1) return;
  throw new UsageError("Cannot write two things to standard output", "Name a file for all but one of them");
}
