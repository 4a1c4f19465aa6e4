/** `sloctl benchgen`: the artefacts of a benchmark, one folder per run; for now of invented requests, and marked so in every file. */
import { type AssertionOutcome, evaluateAssertions, type PhaseData } from "../evaluate/assertions.ts";
import { classMetricsCsv, confusionCsv, scoreAttribution } from "../evaluate/attribution_score.ts";
import { EXIT, IoError, UnsupportedError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { type Scenario, SCENARIO_PHASES } from "../model/scenario.ts";
import { emptyDocuments } from "../source/documents.ts";
import { loadScenario } from "../source/scenario_files.ts";
import { type SyntheticRequest, syntheticRequests } from "../source/synthetic.ts";
import { faultSample, rawSample, SYNTHETIC_PLACE } from "../source/synthetic_documents.ts";
import type { AttributionMode } from "./attributor.ts";
import { attributeFaults } from "./attributor_faults.ts";
import { predictionsCsv, scored, summary } from "./attributor_outputs.ts";

export interface BenchgenOptions {
  readonly scenario: string;
  readonly out: string;
  readonly workload: string | undefined;
  readonly input: string | undefined;
  readonly live: boolean;
  readonly runs: number | undefined;
  readonly mode: AttributionMode;
  readonly argv: readonly string[];
}

const REQUESTS_A_PHASE = 200;
const SYNTHETIC_NOTE = "synthetic: nothing was measured";

/** Exit code 0 when every assertion of the scenario holds, 1 when one does not. @throws UsageError, UnsupportedError, IoError */
export async function benchgen(options: BenchgenOptions, io: Io): Promise<number> {
  if (options.live || options.input !== undefined) {
    throw new UnsupportedError(
      `Cannot make a benchmark ${
        options.live ? "of a live run" : `from "${options.input}"`
      }: only synthetic ones are built yet`,
      "Leave out --live and --input, or use sloctl demo for a real run",
    );
  }
  const scenario = loadScenario(options.scenario);
  const runs = options.runs ?? scenario.harness.repetitions;
  if (runs < 1) throw new UsageError(`Cannot make "${runs}" runs: there must be at least one`, "Give --runs 1 or more");
  let failed = 0;
  for (let n = 1; n <= runs; n++) {
    const folder = `${options.out}/${scenario.name}/run-${n}`;
    const outcomes = await writeRun(folder, scenario, scenario.harness.seed + n - 1, options);
    failed += outcomes.filter(({ verdict }) => verdict !== "pass").length;
    for (const { verdict, sentence } of outcomes) io.out(`run-${n}  ${verdict}  ${sentence}\n`);
  }
  io.err(
    `sloctl: ${runs} synthetic runs of ${scenario.name} -> ${options.out}; they prove nothing about real faults\n`,
  );
  return failed === 0 ? EXIT.ok : EXIT.gateSaidNo;
}

async function writeRun(
  folder: string,
  scenario: Scenario,
  seed: number,
  options: BenchgenOptions,
): Promise<AssertionOutcome[]> {
  const requests = SCENARIO_PHASES.map((
    phase,
  ) => [...syntheticRequests({ scenario, count: REQUESTS_A_PHASE, seed, phase })]);
  const place = { ...SYNTHETIC_PLACE, ...(options.workload === undefined ? {} : { workload: options.workload }) };
  const faults = requests[1]!.map((request) => faultSample(request, scenario.name, place));
  const attributed = attributeFaults({ ...emptyDocuments(), faults, synthetic: true }, options.mode, { err: () => {} });
  const score = scoreAttribution(scored(attributed.cases));
  const outcomes = evaluateAssertions(scenario.assertions, phaseData(requests));
  const raw = requests[1]!.map((request) => `${toJson(rawSample(request, scenario.name, place))}\n`).join("");
  const files: Record<string, string> = {
    "raw_samples.jsonl": raw,
    "attribution_summary.json": `${
      toJson({ ...summary(attributed), scenario: scenario.name, assertions: outcomes }, 2)
    }\n`,
    "incident_predictions.csv": predictionsCsv(attributed.cases),
    "confusion_matrix.csv": confusionCsv(score),
    "class_metrics.csv": classMetricsCsv(score),
    "collector_overhead.csv": "timestamp,node,collector_cpu_pct,collector_memory_mb,events_per_second,dropped_events\n",
    "summary.md": report(scenario, outcomes, score.accuracy),
    "report.md": report(scenario, outcomes, score.accuracy),
    "provenance.json": `${
      toJson({
        commit: "",
        origin: "synthetic",
        versions: { deno: Deno.version.deno },
        argv: options.argv,
        seed,
        digests: { "raw_samples.jsonl": await sha256(raw) },
        overhead: { measured: false, reason: SYNTHETIC_NOTE },
        synthetic: true,
      }, 2)
    }\n`,
  };
  try {
    await Deno.mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
  } catch (error) {
    throw new IoError(
      `Cannot write "${folder}": ${(error as Error).message}`,
      "Choose a folder you may write to with --out",
    );
  }
  return outcomes;
}

function phaseData(requests: readonly (readonly SyntheticRequest[])[]): PhaseData {
  return Object.fromEntries(SCENARIO_PHASES.map((phase, i) => {
    const own = requests[i]!;
    const signals = Object.keys(own[0]?.signals ?? {}).map((
      name,
    ) => [name, own.map((request) => request.signals[name]!)]);
    return [phase, {
      ttft_ms: own.map((request) => request.ttftMs),
      token_throughput_tps: own.map((request) => request.tokensPerSecond),
      error_rate: own.map((request) => request.failed ? 1 : 0),
      ...Object.fromEntries(signals),
    }];
  }));
}

function report(scenario: Scenario, outcomes: readonly AssertionOutcome[], accuracy: number | null): string {
  return `# ${scenario.name}\n\n**${SYNTHETIC_NOTE}.** ${scenario.description}\n\n` +
    outcomes.map(({ verdict, sentence }) => `- ${verdict}: ${sentence}\n`).join("") +
    `\nAttributed as expected: ${accuracy === null ? "nothing to attribute" : `${(accuracy * 100).toFixed(1)} %`}\n`;
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}
