/** A run made of a recording (`sloctl demo --record`): requests and events as they were, attributed anew. */
import { toProbeEvents } from "../../export/probe_event.ts";
import { toIso, toUnixNs } from "../../model/clock.ts";
import { UsageError } from "../../model/errors.ts";
import { type Scenario, SCENARIO_PHASES, type ScenarioPhase } from "../../model/scenario.ts";
import type { AttributionMode } from "../attributor.ts";
import type { ClientSample } from "../demo/client.ts";
import { replay } from "../demo/recorded.ts";
import type { PhaseWindow, RunData } from "../demo/run_data.ts";
import { attributedRecording } from "./expected.ts";
import type { BenchRequest, RunResult } from "./run_result.ts";

/** What the recorded fault is called as a scenario. */
const SCENARIO_OF: Readonly<Record<string, string>> = { none: "baseline", packet_loss: "network_partition" };

export async function scenarioOf(path: string): Promise<string> {
  const { data } = await replay(path);
  return SCENARIO_OF[data.faultAsked] ?? data.faultAsked;
}

/** @throws IoError when it cannot be read; UsageError for a blind one, of which nobody recorded the phases */
export async function recordedRun(
  path: string,
  scenario: Scenario,
  mode: AttributionMode,
  workload: string | undefined,
): Promise<
  { readonly result: RunResult; readonly host: RunData["host"]; readonly made: Readonly<Record<string, unknown>> }
> {
  const { data } = await replay(path);
  const windows = data.phases.flatMap((window) => {
    const phase = SCENARIO_PHASES.find((name) => name === window.name);
    return phase === undefined ? [] : [{ ...window, name: phase }];
  });
  const baseline = windows.find(({ name }) => name === "baseline");
  if (baseline === undefined || !windows.some(({ name }) => name === "fault")) {
    throw new UsageError(
      `Cannot make a benchmark from "${path}": its phases are not those of a scenario`,
      "Use a recording of a demo that is not blind",
    );
  }
  const requests = data.samples.flatMap((sample): BenchRequest[] => {
    const phase = windows.find(({ startNs, endNs }) => startNs < sample.atNs && sample.atNs <= endNs)?.name;
    return phase === undefined ? [] : [requestOf(sample, phase, data, scenario)];
  });
  const result: RunResult = {
    origin: "measured",
    place: {
      cluster: "lab",
      namespace: "sloctl-lab",
      workload: workload ?? "rag",
      service: "rag-gateway",
      node: data.host.name,
    },
    requests,
    signals: signalsOf(data, windows),
    beside: [],
    attributed: await attributedRecording(path, scenario, mode, (baseline.endNs - baseline.startNs) / 1e6),
    overhead: [],
    unmeasured: "a recording holds no cost by the 250 ms",
    paired: null,
    started: toIso(data.anchor, windows[0]!.startNs),
    finished: toIso(data.anchor, windows.at(-1)!.endNs),
    notes: [`From the recording ${path.split("/").at(-1)}, fault ${data.faultAsked}, on ${data.host.kernel}.`],
  };
  const { commit, versions, kernel, cpu } = data.provenance;
  return {
    result,
    host: data.host,
    made: { commit, versions, kernel, cpu, cpus: data.host.cpus, arch: data.host.arch, memory_gib: undefined },
  };
}

function requestOf(sample: ClientSample, phase: ScenarioPhase, data: RunData, { faults }: Scenario): BenchRequest {
  const { ttftMs, totalMs, chunks, error, traceId, atNs } = sample;
  const failed = error !== null;
  return {
    phase,
    requestId: traceId,
    traceId,
    timestamp: toIso(data.anchor, atNs),
    ttftMs: ttftMs ?? Infinity,
    latencyMs: totalMs,
    // A chunk holds a token in the lab.
    tokensPerSecond: failed || ttftMs === null
      ? 0
      : Math.max(1, chunks - 1) / Math.max(1e-3, (totalMs - ttftMs) / 1000),
    failed,
    faultLabel: phase === "fault" && faults.length > 0 ? data.faultAsked : "none",
  };
}

function signalsOf(data: RunData, windows: readonly PhaseWindow[]): RunResult["signals"] {
  const byPhase = Object.fromEntries(SCENARIO_PHASES.map((phase) => [phase, {} as Record<string, number[]>]));
  const context = {
    node: data.host.name,
    namespace: "",
    pod: "",
    container: "",
    toUnixNs: (ns: number) => toUnixNs(data.anchor, ns),
    process: () => undefined,
    schemaVersion: "v1alpha2",
  } as const;
  const ends = windows.map(({ name, startNs, endNs }) => ({
    name,
    from: toUnixNs(data.anchor, startNs),
    to: toUnixNs(data.anchor, endNs),
  }));
  for (const event of data.events) {
    for (const { signal, value, ts_unix_nano } of toProbeEvents(event, context)) {
      for (const phase of SCENARIO_PHASES) byPhase[phase]![signal] ??= [];
      const phase = ends.find(({ from, to }) => from < ts_unix_nano && ts_unix_nano <= to)?.name;
      if (phase !== undefined) byPhase[phase]![signal]!.push(value);
    }
  }
  return byPhase as unknown as RunResult["signals"];
}
