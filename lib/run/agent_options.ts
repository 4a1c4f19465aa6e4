/** What a caller asked of the agent, checked before anything is attached. */
import type { NamedPeers } from "../correlate/peers.ts";
import { PROBES } from "../kernel/probes.ts";
import type { Clock } from "../model/clock.ts";
import type { MissingProbe } from "../model/diagnosis.ts";
import { UnsupportedError, UsageError } from "../model/errors.ts";
import { type ProbeName, type SignalName, SIGNALS } from "../model/signals.ts";
import type { SendOptions } from "./send_options.ts";

export interface AgentOptions {
  /** Milliseconds; undefined: until SIGINT. */
  readonly forMs: number | undefined;
  readonly json: boolean;
  /** `stdout`, `jsonl`, `otlp`; undefined: a diagnosis. */
  readonly output: string | undefined;
  readonly outputPath: string | undefined;
  readonly eventKind: string;
  /** The caller named a kind or a number of events. */
  readonly wantsEvents: boolean;
  readonly eventSchema: "v1alpha1" | "v1alpha2";
  /** Stop after so many events; 0: no limit. */
  readonly count: number;
  readonly pids: readonly string[];
  readonly comm: string | undefined;
  readonly cgroups: readonly string[];
  readonly disabledSignals: readonly string[];
  readonly capabilityMode: string;
  readonly source: string;
  /** Of a synthetic source: name or path; undefined: `mixed`. */
  readonly scenario: string | undefined;
  /** Of a synthetic source: pause between requests. */
  readonly intervalMs: number | undefined;
  readonly probeSmoke: boolean;
  /** Undefined: the host's name. */
  readonly node: string | undefined;
  /** Written into SLO events; undefined: what the source says. */
  readonly cluster: string | undefined;
  readonly workload: string | undefined;
  readonly service: string | undefined;
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** What the caller knows of the peers of services that send no spans. */
  readonly peers: NamedPeers;
  /** Where incidents go. */
  readonly send: SendOptions;
  /** A request slower than this spends budget. */
  readonly objectiveMs: number;
  /** Of a stream of events: documents a second that are let through, and at once after a quiet time. */
  readonly sampling: { readonly events_per_second_limit: number; readonly burst_limit: number };
  /** What watching may cost, in percent of one CPU; null: whatever it takes. Times are the usual ones unless a test says otherwise. */
  readonly guard: { readonly budgetPct: number; readonly windowMs?: number; readonly calmMs?: number } | null;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** What the words mean. */
export interface AgentPlan {
  /** Where events go, `-` being standard output; null: a diagnosis. */
  readonly eventsTo: string | null;
  readonly pids: readonly number[];
  readonly probes: readonly ProbeName[];
  readonly disabled: ReadonlySet<SignalName>;
  /** Whom we watch, in words. */
  readonly targets: string;
  /** Somebody in particular. */
  readonly targeted: boolean;
}

/** @throws UsageError for values that make no sense; UnsupportedError for what this version cannot do. */
export function planAgent(options: AgentOptions): AgentPlan {
  refuseWhatIsNotThere(options);
  if (options.forMs !== undefined && options.forMs <= 0) {
    throw new UsageError('Cannot watch for "0": there is nothing to see', "Give a duration: --for 20s");
  }
  if (options.count < 0) {
    throw new UsageError(`Cannot stop after "${options.count}" events: it is negative`, "Give a number; 0 is no limit");
  }
  const pids = options.pids.map(pid);
  const disabled = new Set(options.disabledSignals.map(signal));
  const probes = PROBES.map((spec) => spec.probe).filter((probe) =>
    SIGNALS.some((row) => row.probe === probe && !disabled.has(row.signal))
  );
  if (probes.length === 0) throw new UsageError("Cannot watch: every signal is disabled", "Leave one of them enabled");
  const targeted = pids.length > 0 || options.comm !== undefined || options.cgroups.length > 0;
  return { eventsTo: destination(options), pids, probes, disabled, targets: targetWords(options, pids), targeted };
}

/** Probes that stay off because all their signals were disabled, for the coverage of the report. */
export function switchedOff(plan: AgentPlan): MissingProbe[] {
  return PROBES.filter((spec) => !plan.probes.includes(spec.probe)).map(({ probe, costs }) => ({
    probe,
    reason: "switched off by --disable-signals",
    costs,
    by_choice: true,
  }));
}

function refuseWhatIsNotThere(options: AgentOptions): void {
  if (options.source !== "kernel") {
    throw new UnsupportedError(
      `Cannot read events from "${options.source}": not built yet`,
      "Use --source kernel or synthetic",
    );
  }
  if (options.capabilityMode === "bcc_degraded") {
    throw new UnsupportedError(
      'Cannot run in capability mode "bcc_degraded": the reduced set of probes is not built yet',
      "Use --capability-mode auto",
    );
  }
  if (options.eventKind === "slo") {
    throw new UnsupportedError(
      'Cannot give "slo" events: they are made from spans, and this agent takes none yet',
      "Use --event-kind probe, --source synthetic, or sloctl demo for the whole pipeline",
    );
  }
}

/** What the caller said about where it runs; what is not said is left out. */
export function placeOf(options: AgentOptions): Record<string, string> {
  const { cluster, workload, service, node, namespace, pod, container } = options;
  const said = Object.entries({ cluster, workload, service, node, namespace, pod, container });
  return Object.fromEntries(said.filter((entry): entry is [string, string] => (entry[1] ?? "") !== ""));
}

/** Where events go, `-` being standard output; null: a diagnosis. @throws UsageError, UnsupportedError */
export function destination(options: AgentOptions): string | null {
  if (options.output === "otlp") {
    throw new UnsupportedError('Cannot write events to "otlp": not built yet', "Use --output jsonl or stdout");
  }
  return fileOrStdout(options);
}

function fileOrStdout({ output, outputPath, forMs, wantsEvents }: AgentOptions): string | null {
  if (output === "stdout") {
    if (outputPath === undefined || outputPath === "-") return "-";
    throw new UsageError(`Cannot write to "${outputPath}": --output says stdout`, "Use --output jsonl");
  }
  if (output === "jsonl" && outputPath === undefined) {
    throw new UsageError('Cannot write "jsonl": --output-path is missing', "Add --output-path FILE, or - for stdout");
  }
  if (outputPath !== undefined) return outputPath;
  return forMs === undefined && wantsEvents ? "-" : null;
}

function pid(text: string): number {
  const value = Number(text);
  if (/^[1-9]\d{0,9}$/.test(text)) return value;
  throw new UsageError(`Cannot watch pid "${text}": it is not a process id`, "Give whole numbers: --pid 812,813");
}

function signal(name: string): SignalName {
  const row = SIGNALS.find((row) => row.signal === name);
  if (row !== undefined) return row.signal;
  throw new UsageError(
    `Cannot disable signal "${name}": there is none of that name`,
    `Use names of: ${SIGNALS.map((row) => row.signal).join(", ")}`,
  );
}

function targetWords({ comm, cgroups }: AgentOptions, pids: readonly number[]): string {
  const words = [
    pids.length > 0 && `--pid ${pids.join(",")}`,
    comm !== undefined && `--comm ${comm}`,
    cgroups.length > 0 && `--cgroup ${cgroups.join(",")}`,
  ].filter((word) => word !== false);
  return words.length === 0 ? "every process" : words.join(" ");
}
