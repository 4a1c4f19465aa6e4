/** One live run: lab up, load running, the agent off and on, a fault done for real, everything taken down again. */
import { parseProbeEvent } from "../../export/probe_event_json.ts";
import { monotonicNs, readClocks } from "../../host/clock.ts";
import { selfCommand } from "../../host/self.ts";
import { sleep } from "../../host/sleep.ts";
import { type Lab, startLab } from "../../lab/lab.ts";
import { IoError } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import type { ProbeEvent } from "../../model/probe_event.ts";
import { type Scenario, SCENARIO_PHASES, type ScenarioPhase } from "../../model/scenario.ts";
import type { Span } from "../../model/span.ts";
import { quantile } from "../../stats/describe.ts";
import { serveOtlp } from "../../serve/otlp.ts";
import { emptyDocuments, readDocuments } from "../../source/documents.ts";
import { faultLabel } from "../../source/synthetic.ts";
import type { AttributionMode } from "../attributor.ts";
import { injectInto } from "../faultinject_real.ts";
import { type CostRow, startAgent } from "./agent.ts";
import { attributedRun } from "./expected.ts";
import { requestsIn, type TimedRequest, type Window, type WindowName } from "./load_records.ts";
import { machineCpuMs } from "./machine_cpu.ts";
import type { OverheadRow, PairedSide, Place, RunResult } from "./run_result.ts";

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
  /** Default: 5 s, 3 s, 3 s and 250 ms; for tests. */
  readonly pauses?: Pauses;
}

/** How long is waited beside the phases, in ms. */
export interface Pauses {
  /** Before anything counts: a fresh lab and a fresh load are slower. */
  readonly warmUp: number;
  /** A fresh agent compiles; the lab recovers from a fault. */
  readonly settle: number;
  /** What is under way as the last phase ends may still be answered, and its spans exported. */
  readonly lastAnswers: number;
  /** Between two looks at the agent. */
  readonly look: number;
}

const PAUSES: Pauses = { warmUp: 5000, settle: 3000, lastAnswers: 3000, look: 250 };

/** How long one run takes, in ms, without starting the lab. */
export function liveMs({ harness: { phases } }: Scenario): number {
  return PAUSES.warmUp + 2 * PAUSES.settle + 2 * phases.baseline + phases.fault + phases.recovery + PAUSES.lastAnswers;
}

/** @throws SloctlError when lab, agent or load cannot be had, or one of them dies; nothing is left behind then either */
export async function liveRun(options: LiveOptions, io: Pick<Io, "stop" | "err">): Promise<RunResult> {
  const { scenario, onProgress, pauses = PAUSES } = options;
  const { phases } = scenario.harness;
  const spans: Span[] = [];
  const windows: Window[] = [];
  const machineMs = new Map<WindowName, number>();
  const work = await Deno.makeTempDir({ prefix: "sloctl-bench-" });
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
  const load = stack.use(startLoad(lab, options, `${work}/load`));

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

  await spend("warm-up", pauses.warmUp);
  if (options.offFirst) await off();
  const events = `${work}/events.jsonl`;
  const agent = stack.use(startAgent({
    args: ["agent", "--output", "jsonl", "--output-path", events, "--cgroup", lab.services.gateway.cgroup],
    ...(options.agentProgram === undefined ? {} : { program: options.agentProgram }),
  }));
  await agent.attached;
  await spend("agent settles", pauses.settle);
  agent.begin(pauses.look);
  await window("baseline", () => spend("baseline", phases.baseline));
  await window("fault", () => injected(scenario, lab, () => spend("fault", phases.fault), io.stop));
  await window("recovery", () => spend("recovery", phases.recovery));
  const { rows, said } = await agent.end();
  if (!options.offFirst) {
    await spend("the lab settles", pauses.settle);
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
  return {
    origin: "measured",
    place,
    requests: timed.flatMap(({ window, intoMs, ...request }) =>
      window === "off" ? [] : [{
        ...request,
        phase: window,
        faultLabel: window === "fault" ? labelAt(scenario, intoMs) : "none",
      }]
    ),
    signals: signalsByPhase(documents.probes, windows, toUnixMs),
    attributed: told.input,
    overhead: overheadRows(rows, documents.probes, said),
    unmeasured: null,
    paired: { off: side("off"), on: side("baseline"), order: options.offFirst ? "off-on" : "on-off" },
    started,
    finished: new Date().toISOString(),
    notes: [
      ...notesOf(documents.probes, spans, said),
      ...(told.refused === null ? [] : [`Attribution: ${told.refused}.`]),
    ],
  };
}

interface Load extends AsyncDisposable {
  /** Resolves, with the error to throw, when it ends before it is told to. */
  readonly broken: Promise<IoError>;
  end(): Promise<void>;
}

/** The load generator in a process of its own, for longer than it is needed; it writes what was done when it is told to stop. */
function startLoad(lab: Lab, { scenario, seed, rps }: LiveOptions, out: string): Load {
  const [program, ...prefix] = selfCommand();
  const seconds = Math.ceil(liveMs(scenario) / 1000) + 60;
  const args = [
    "loadgen",
    "--target",
    lab.gatewayUrl,
    "--model",
    "lab-small",
    "--profile",
    scenario.harness.loadProfile,
  ];
  const child = new Deno.Command(program!, {
    args: [
      ...[
        ...prefix,
        ...args,
        "--duration-sec",
        `${seconds}`,
        "--seed",
        `${seed}`,
        "--timeout-ms",
        "20000",
        "--out",
        out,
      ],
      ...(rps === undefined ? [] : ["--rps", `${rps}`]),
    ],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).spawn();
  let ending = false;
  let said = "";
  const listening = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) said += text;
  })();
  const broken = child.status.then(({ code }) =>
    ending
      ? new Promise<never>(() => {})
      : new IoError(`Cannot go on: the load ended with code ${code}: ${said.trim().split("\n").at(-1)}`)
  );
  let ended: Promise<void> | undefined;
  const end = async () => {
    ending = true;
    const late = setTimeout(() => child.kill("SIGKILL"), 30_000);
    try {
      child.kill("SIGINT");
    } catch { /* it has ended */ }
    await child.status;
    await listening;
    clearTimeout(late);
  };
  return { broken, end: () => ended ??= end(), [Symbol.asyncDispose]: () => ended ??= end() };
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

/** What was at work so far into the fault phase. */
function labelAt({ faults }: Scenario, intoMs: number): string {
  const active = faults.filter(({ fromMs, forMs }) => fromMs <= intoMs && intoMs < fromMs + forMs);
  return faultLabel({ mechanisms: active.map(({ mechanism }) => mechanism) });
}

function signalsByPhase(
  probes: readonly ProbeEvent[],
  windows: readonly Window[],
  toUnixMs: (ns: number) => number,
): RunResult["signals"] {
  const byPhase = Object.fromEntries(SCENARIO_PHASES.map((phase) => [phase, {} as Record<string, number[]>]));
  const spans = windows.flatMap(({ name, startNs, endNs }) =>
    name === "off" ? [] : [{ phase: name, from: toUnixMs(startNs), to: toUnixMs(endNs) }]
  );
  // A signal that was seen at all was watched in every phase: where none came its list is empty, not missing.
  for (const { signal } of probes) for (const phase of SCENARIO_PHASES) byPhase[phase]![signal] ??= [];
  for (const { signal, value, ts_unix_nano } of probes) {
    const at = Number(ts_unix_nano) / 1e6;
    const span = spans.find(({ from, to }) => from <= at && at < to);
    if (span !== undefined) byPhase[span.phase]![signal]!.push(value);
  }
  return byPhase as unknown as Record<ScenarioPhase, Record<string, number[]>>;
}

function overheadRows(rows: readonly CostRow[], probes: readonly ProbeEvent[], said: string): OverheadRow[] {
  const times = Float64Array.from(probes, ({ ts_unix_nano }) => Number(ts_unix_nano) / 1e6).sort();
  let at = 0;
  return rows.map((row, i) => {
    while (at < times.length && times[at]! < row.fromMs) at++;
    const first = at;
    while (at < times.length && times[at]! < row.atMs) at++;
    return {
      timestamp: new Date(row.atMs).toISOString(),
      cpuPct: row.cpuPct,
      memoryMb: row.memoryMb,
      eventsPerSecond: (at - first) / (row.atMs - row.fromMs) * 1000,
      // The agent says what it lost at its end: it stands in the last row.
      droppedEvents: i === rows.length - 1 ? lostBy(said) : 0,
    };
  });
}

/** `LOST: name 12, name 3` of the agent's last line. */
function lostBy(said: string): number {
  const lost = /LOST: ([^;\n]*)/.exec(said)?.[1] ?? "";
  return [...lost.matchAll(/ (\d+)(?=,|$)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
}

function pairedSide(
  name: "off" | "baseline",
  windows: readonly Window[],
  requests: readonly TimedRequest[],
  machineMs: number,
): PairedSide {
  const { startNs, endNs } = windows.find((window) => window.name === name)!;
  const own = requests.filter(({ window }) => window === name).map(({ ttftMs }) => ttftMs);
  const seconds = (endNs - startNs) / 1e9;
  return {
    seconds,
    requests: own.length,
    ttft_p50_ms: quantile(own, 0.5),
    ttft_p95_ms: quantile(own, 0.95),
    machine_cpu_pct: machineMs / 10 / seconds,
  };
}

function notesOf(probes: readonly ProbeEvent[], spans: readonly Span[], said: string): string[] {
  const last = said.trim().split("\n").at(-1) ?? "";
  return [
    `${probes.length} events of the kernel and ${spans.length} spans. The agent: ${last.replace(/^sloctl: /, "")}.`,
  ];
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new IoError(`Cannot read what the run left in "${path}": ${(error as Error).message}`);
  }
}
