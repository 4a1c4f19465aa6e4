/** One live run: lab up, load running, the agent off and on, a fault done for real, everything taken down again. */
import { parseProbeEvent } from "../../export/probe_event_json.ts";
import { monotonicNs, readClocks } from "../../host/clock.ts";
import { sleep } from "../../host/sleep.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { IoError } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import type { Scenario } from "../../model/scenario.ts";
import type { Span } from "../../model/span.ts";
import { serveOtlp } from "../../serve/otlp.ts";
import { emptyDocuments, readDocuments } from "../../source/documents.ts";
import { faultLabel } from "../../source/synthetic.ts";
import type { AttributionMode } from "../attributor.ts";
import { injectInto } from "../faultinject_real.ts";
import { startAgent } from "./agent.ts";
import { attributedRun } from "./expected.ts";
import { startLoad } from "./live_load.ts";
import { besideOf, notesOf, overheadRows, pairedSide, signalsByPhase } from "./live_numbers.ts";
import { requestsIn, type Window, type WindowName } from "./load_records.ts";
import { workFolder } from "./folder.ts";
import { machineCpuMs } from "./machine_cpu.ts";
import type { PairedSide, Place, RunResult } from "./run_result.ts";

export interface LiveOptions {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly workload: string | undefined;
  readonly mode: AttributionMode;
  /** Requests a second; undefined: the profile's. */
  readonly rps: number | undefined;
  /** Whether the stretch without an agent comes first. */
  readonly offFirst: boolean;
  readonly onProgress: (text: string) => void;
  /** argv prefix that runs the agent; for tests. */
  readonly agentProgram?: readonly string[];
  /** For tests. */
  readonly pauses?: Pauses;
}

/** How long is waited beside the phases, in ms. */
export interface Pauses {
  /** Before anything counts: a fresh lab and a fresh load are slower. */
  readonly warmUp: number;
  /** A fresh agent compiles for some ten seconds; what is judged is what it costs from then on, for months. */
  readonly agentSettles: number;
  /** The lab recovers from a fault. */
  readonly labSettles: number;
  /** What is under way as the last phase ends may still be answered, and its spans exported. */
  readonly lastAnswers: number;
  /** Between two looks at the agent. */
  readonly look: number;
}

const PAUSES: Pauses = { warmUp: 5000, agentSettles: 15_000, labSettles: 3000, lastAnswers: 3000, look: 250 };

/** How long one run takes, in ms, without starting the lab. */
export function liveMs({ harness: { phases } }: Scenario): number {
  const pauses = PAUSES.warmUp + PAUSES.agentSettles + PAUSES.labSettles + PAUSES.lastAnswers;
  return pauses + 2 * phases.baseline + phases.fault + phases.recovery;
}

/** @throws SloctlError when lab, agent or load cannot be had, or one of them dies; nothing is left behind then either */
export async function liveRun(options: LiveOptions, io: Pick<Io, "stop" | "err">): Promise<RunResult> {
  const { scenario, onProgress, pauses = PAUSES } = options;
  const { phases } = scenario.harness;
  const spans: Span[] = [];
  const windows: Window[] = [];
  const machineMs = new Map<WindowName, number>();
  const work = await workFolder();
  await using stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(work, { recursive: true }));
  const otlpEndpointOnHost = async (hostname: string) => {
    const sink = { spans: (batch: readonly Span[]) => void spans.push(...batch) };
    const receiver = stack.use(await serveOtlp({ hostname, port: 0, sink }));
    return `http://${hostname}:${receiver.port}/v1/traces`;
  };
  onProgress("starting the lab");
  const lab = stack.use(await startLab({ otlpEndpointOnHost, seed: options.seed }, () => {}));
  const clocks = readClocks();
  const toUnixMs = (ns: number) => Number(clocks.unixNs) / 1e6 + (ns - clocks.monotonicNs) / 1e6;
  const started = new Date().toISOString();
  const load = stack.use(startLoad(lab.gatewayUrl, options, Math.ceil(liveMs(scenario) / 1000) + 60, `${work}/load`));

  const spend = async (name: string, forMs: number) => {
    for (let left = forMs; left > 0; left -= 1000) {
      onProgress(`${name} ${Math.round((forMs - left) / 1000)}/${Math.round(forMs / 1000)} s`);
      const died = await Promise.race([sleep(Math.min(1000, left), io.stop), lab.broken, load.broken]);
      if (died !== undefined) throw died;
      io.stop.throwIfAborted();
    }
  };
  const window = async (name: WindowName, work: () => Promise<unknown>) => {
    const [startNs, cpuBefore] = [monotonicNs(), machineCpuMs()];
    await work();
    windows.push({ name, startNs, endNs: monotonicNs() });
    machineMs.set(name, machineCpuMs() - cpuBefore);
  };
  const off = () => window("off", () => spend("agent off", phases.baseline));

  while (!load.begun()) await spend("the load starts", 250);
  await spend("warm-up", pauses.warmUp);
  if (options.offFirst) await off();
  const events = `${work}/events.jsonl`;
  const agent = stack.use(startAgent({
    args: ["agent", "--output", "jsonl", "--output-path", events, "--cgroup", lab.services.gateway.cgroup],
    ...(options.agentProgram === undefined ? {} : { program: options.agentProgram }),
  }));
  await agent.attached;
  await spend("agent settles", pauses.agentSettles);
  agent.begin(pauses.look);
  await window("baseline", () => spend("baseline", phases.baseline));
  await window("fault", () => injected(scenario, lab, () => spend("fault", phases.fault), io.stop));
  await window("recovery", () => spend("recovery", phases.recovery));
  const { rows, said, startMs } = await agent.end();
  if (!options.offFirst) {
    await spend("the lab settles", pauses.labSettles);
    await off();
  }
  await spend("last answers", pauses.lastAnswers);
  onProgress("collecting");
  await load.end();
  const toIso = (ns: number) => new Date(toUnixMs(ns)).toISOString();
  const timed = requestsIn(await readText(`${work}/load/requests.jsonl`), windows, toIso);
  const documents = emptyDocuments();
  readDocuments(documents, await readText(events), "events.jsonl", parseProbeEvent);
  const place: Place = {
    cluster: "lab",
    namespace: "sloctl-lab",
    workload: options.workload ?? "rag",
    service: "rag-gateway",
    node: Deno.hostname(),
  };
  const told = attributedRun(scenario, { ...documents, spans }, options.mode);
  const side = (name: "off" | "baseline"): PairedSide => pairedSide(name, windows, timed, machineMs.get(name)!);
  const paired = { off: side("off"), on: side("baseline"), order: options.offFirst ? "off-on" : "on-off" } as const;
  return {
    origin: "measured",
    place,
    requests: timed.map(({ window, intoMs, ...request }) => ({
      ...request,
      phase: window,
      faultLabel: window === "fault" ? labelAt(scenario, intoMs) : "none",
    })),
    signals: signalsByPhase(documents.probes, windows, toUnixMs),
    beside: besideOf(paired, { rows, startMs }),
    attributed: told.input,
    overhead: overheadRows(rows, documents.probes, said),
    unmeasured: null,
    paired,
    started,
    finished: new Date().toISOString(),
    notes: [
      ...notesOf(documents.probes, spans, { rows, startMs }, said),
      ...(told.refused === null ? [] : [`Attribution: ${told.refused}.`]),
    ],
  };
}

async function injected(scenario: Scenario, lab: Lab, during: () => Promise<void>, stop: AbortSignal): Promise<void> {
  const { resolver, provider, services } = lab;
  const { gateway } = services;
  const handles = {
    resolver,
    provider,
    client: gateway,
    server: services.provider,
    gatewayCpuCgroup: gateway.cpuCgroup,
  };
  const over = new AbortController();
  const faults = injectInto(handles, scenario, AbortSignal.any([stop, over.signal]));
  try {
    // A fault that cannot be done ends the run at once.
    await Promise.race([during(), faults.then(() => new Promise<never>(() => {}))]);
  } finally {
    over.abort();
    await faults;
  }
}

/** What was at work so far into the fault phase. A step that lasts to its end does so however long it took on a busy machine. */
function labelAt({ faults, harness }: Scenario, intoMs: number): string {
  const active = faults.filter(({ fromMs, forMs }) => {
    const end = fromMs + forMs;
    return fromMs <= intoMs && (intoMs < end || end >= harness.phases.fault);
  });
  return faultLabel({ mechanisms: active.map(({ mechanism }) => mechanism) });
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new IoError(`Cannot read what the run left in "${path}": ${(error as Error).message}`);
  }
}
