/** What a live run's files add up to: signals by phase, the agent's cost row by row, the agent off against on. */
import type { ProbeEvent } from "../../model/probe_event.ts";
import { SCENARIO_PHASES, type ScenarioPhase } from "../../model/scenario.ts";
import type { Span } from "../../model/span.ts";
import { mean, quantile } from "../../stats/describe.ts";
import type { AgentCost, CostRow } from "./agent.ts";
import type { TimedRequest, Window } from "./load_records.ts";
import type { OverheadRow, Paired, PairedSide, RunResult, SeriesValue } from "./run_result.ts";

export function signalsByPhase(
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

export function overheadRows(rows: readonly CostRow[], probes: readonly ProbeEvent[], said: string): OverheadRow[] {
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

export function pairedSide(
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

/** What `paired` and the note on the agent's cost are made of, beside the requests and the rows of the overhead. */
export function besideOf({ off, on }: Paired, { rows, startMs }: AgentCost): SeriesValue[] {
  const side = (phase: SeriesValue["phase"], { seconds, machine_cpu_pct }: PairedSide): SeriesValue[] => [
    { phase, series: "seconds", value: seconds },
    { phase, series: "machine_cpu_pct", value: machine_cpu_pct },
  ];
  return [
    ...side("off", off),
    ...side("baseline", on),
    ...rows.map(({ bpfPct }): SeriesValue => ({ phase: "run", series: "agent_bpf_pct", value: bpfPct })),
    ...(rows.length === 0 ? [] : [{ phase: "run", series: "agent_start_cpu_ms", value: startMs } as const]),
  ];
}

export function notesOf(
  probes: readonly ProbeEvent[],
  spans: readonly Span[],
  { rows, startMs }: AgentCost,
  said: string,
): string[] {
  const last = said.trim().split("\n").at(-1) ?? "";
  return [
    ...(rows.length === 0 ? [] : [
      `Of the agent's cost, ${
        mean(rows.map(({ cpuPct, bpfPct }) => cpuPct - bpfPct)).toFixed(2)
      } % of one CPU were its own ` +
      `threads and ${
        mean(rows.map(({ bpfPct }) => bpfPct)).toFixed(2)
      } % its BPF programs, which run for whatever the whole ` +
      `machine does, the load generator and the lab's other services included (means). Before that its start had taken ${
        (startMs / 1000).toFixed(1)
      } s of CPU.`,
    ]),
    `${probes.length} events of the kernel and ${spans.length} spans. The agent: ${last.replace(/^sloctl: /, "")}.`,
  ];
}
