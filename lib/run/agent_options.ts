/** What a caller asked of the agent, checked before anything is attached. */
import type { NamedPeers } from "../correlate/peers.ts";
import { followed } from "../follow/kinds.ts";
import { PROBES } from "../kernel/probes.ts";
import type { CapabilityMode } from "../model/capability_mode.ts";
import type { Clock } from "../model/clock.ts";
import type { MissingProbe } from "../model/diagnosis.ts";
import { UnsupportedError, UsageError } from "../model/errors.ts";
import { type ProbeName, type SignalName, SIGNALS } from "../model/signals.ts";
import type { IdentityOptions } from "./agent_identity.ts";
import { METRICS_ADDRESS, type MetricsPort } from "./agent_serve.ts";
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
  readonly capabilityMode: CapabilityMode;
  readonly source: string;
  /** Of a synthetic source: name or path; undefined: `mixed`. */
  readonly scenario: string | undefined;
  /** Of a synthetic source: pause between requests. */
  readonly intervalMs: number | undefined;
  readonly probeSmoke: boolean;
  /** Undefined: as the downward API says, else the host's name. */
  readonly node: string | undefined;
  /** Where names of pods and containers come from. */
  readonly identity: IdentityOptions;
  /** Written into SLO events; undefined: what the source says. */
  readonly cluster: string | undefined;
  readonly workload: string | undefined;
  readonly service: string | undefined;
  /** Written over what the machine says of a process; empty: it is as the machine says. */
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** What the caller knows of the peers of services that send no spans. */
  readonly peers: NamedPeers;
  /** Where incidents go; over OTLP, events and the heartbeat. */
  readonly send: SendOptions;
  /** `host:port`, `off`; undefined: the usual port while it runs as a service, else none. */
  readonly metricsBind: string | undefined;
  /** Kinds, names of signals, or `all`, to be shown as rows; empty: none. */
  readonly follow: readonly string[];
  /** Columns of these rows; empty: the usual ones. */
  readonly fields: readonly string[];
  /** Of rows and of every other output of events; undefined: all of them. */
  readonly filter: string | undefined;
  /** How much the flight recorder keeps, in ms; undefined: there is none. */
  readonly record: number | undefined;
  /** Where it is written when the watch ends; undefined: nowhere. */
  readonly dump: string | undefined;
  /** The recording of a replay. */
  readonly input: string | undefined;
  /** Of a diagnosis: where it is kept, and the kept one it is compared with. */
  readonly save: string | undefined;
  readonly baseline: string | undefined;
  /** A request slower than this spends budget. */
  readonly objectiveMs: number;
  /** Of a stream of events: documents a second that are let through, and at once after a quiet time. */
  readonly sampling: { readonly events_per_second_limit: number; readonly burst_limit: number };
  /** What watching may cost, in percent of one CPU; null: whatever it takes. Times are the usual ones unless a test says otherwise. */
  readonly guard: { readonly budgetPct: number; readonly windowMs?: number; readonly calmMs?: number } | null;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** Of the flight recorder; its memory is bounded anyway. */
const MOST_RECORD_MS = 120 * 60_000;

/** What the words mean. */
export interface AgentPlan {
  readonly mode: "diagnosis" | "events";
  /** Where lines of events go, `-` being standard output; null: nowhere. */
  readonly eventsTo: string | null;
  /** null: no port is opened. */
  readonly metricsPort: MetricsPort | null;
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
  refuseWhatContradicts(options);
  if (options.forMs !== undefined && options.forMs <= 0) {
    throw new UsageError('Cannot watch for "0": there is nothing to see', "Give a duration: --for 20s");
  }
  if (options.count < 0) {
    throw new UsageError(`Cannot stop after "${options.count}" events: it is negative`, "Give a number; 0 is no limit");
  }
  const pids = options.pids.map(pid);
  const following = options.follow.length > 0;
  const disabled = new Set(options.disabledSignals.map(signal));
  if (following) {
    const wanted = followed(options.follow);
    for (const row of SIGNALS) if (!wanted.has(row.signal)) disabled.add(row.signal);
  }
  const probes = PROBES.map((spec) => spec.probe).filter((probe) =>
    SIGNALS.some((row) => row.probe === probe && !disabled.has(row.signal))
  );
  if (probes.length === 0 && following) {
    throw new UsageError(`Cannot follow "${options.follow.join(",")}" alone: no probe tells it`, "Add another kind");
  }
  if (probes.length === 0) throw new UsageError("Cannot watch: every signal is disabled", "Leave one of them enabled");
  const targeted = pids.length > 0 || options.comm !== undefined || options.cgroups.length > 0;
  const eventsTo = following ? "-" : destination(options);
  const mode = eventsTo === null && options.output !== "otlp" ? "diagnosis" : "events";
  const targets = targetWords(options, pids);
  return { mode, eventsTo, metricsPort: metricsPort(options, mode), pids, probes, disabled, targets, targeted };
}

/** A service: it tells events until somebody stops it. Whatever ends by itself opens a port only when asked. */
export function metricsPort(
  { metricsBind, forMs, count, follow }: Pick<AgentOptions, "metricsBind" | "forMs" | "count" | "follow">,
  mode: AgentPlan["mode"],
): MetricsPort | null {
  if (metricsBind === "off") return null;
  if (metricsBind !== undefined) return { address: metricsBind, asked: true };
  const service = mode === "events" && follow.length === 0 && forMs === undefined && count === 0;
  return service ? { address: METRICS_ADDRESS, asked: false } : null;
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

/** @throws UsageError */
export function refuseWhatContradicts(options: AgentOptions): void {
  const { follow, fields, filter, output, outputPath, wantsEvents, save, baseline, forMs, record, dump } = options;
  if (options.input !== undefined && options.source !== "replay") {
    throw new UsageError(`Cannot read "${options.input}": the source is ${options.source}`, "Add --source replay");
  }
  if ((record ?? dump) !== undefined && options.source !== "kernel") {
    throw new UsageError(`Cannot record: the source is ${options.source}`, "Use --source kernel");
  }
  if (options.source === "replay" && ![undefined, "off"].includes(options.metricsBind)) {
    throw new UsageError("Cannot serve metrics of a replay: it is over", "Leave --metrics-bind out");
  }
  if (options.source === "replay" && output === "otlp") {
    throw new UsageError("Cannot send a replay over OTLP", "Use sloctl faultreplay, or --output jsonl");
  }
  if (record !== undefined && !(record > 0 && record <= MOST_RECORD_MS)) {
    throw new UsageError(
      `Cannot record the last "${record / 60_000}" minutes: it is not above 0 and at most 120`,
      "Give minutes: --record 5",
    );
  }
  const events = options.source === "synthetic" || (wantsEvents && forMs === undefined);
  const written = output ?? outputPath;
  const told = written ?? (events ? "stdout" : undefined);
  if ((save ?? baseline) !== undefined && (follow.length > 0 || told !== undefined)) {
    throw new UsageError(
      `Cannot ${save === undefined ? "compare with" : "save to"} "${save ?? baseline}": events are no diagnosis`,
      "Use --save and --baseline with --for D alone",
    );
  }
  if (follow.length > 0 && written !== undefined) {
    throw new UsageError(
      `Cannot follow and write to "${outputPath ?? written}" at once`,
      "Use --follow alone (--json for documents), or --output with --filter",
    );
  }
  if (follow.length === 0 && fields.length > 0) {
    throw new UsageError("Cannot choose fields: there are no rows", "Add --follow all, or kinds such as --follow dns");
  }
  if (filter !== undefined && follow.length === 0 && told === undefined) {
    throw new UsageError(
      "Cannot filter a diagnosis",
      "Add --follow or --output, or narrow it with --pid, --comm, --cgroup",
    );
  }
}

function refuseWhatIsNotThere(options: AgentOptions): void {
  if (options.source === "replay" && options.input === undefined) {
    throw new UsageError(
      "Cannot replay: no recording is named",
      "Add --input FILE: what agent --record or demo --record has written",
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

/** Where lines of events go, `-` being standard output; null: nowhere. @throws UsageError */
export function destination({ output, outputPath, forMs, wantsEvents }: AgentOptions): string | null {
  if (output === "otlp") {
    if (outputPath === undefined) return null;
    throw new UsageError(
      `Cannot write to "${outputPath}": --output says otlp`,
      "Use --output jsonl, with --otlp-endpoint for the heartbeat alone",
    );
  }
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

/** What of the missing concerns what is told: who follows one kind need not hear of the others. */
export function concerns({ disabled, probes }: AgentPlan, { probe: name }: MissingProbe): boolean {
  return probes.some((probe) => probe === name) ||
    SIGNALS.some((row) => row.signal === name && !disabled.has(row.signal));
}

function targetWords({ comm, cgroups }: AgentOptions, pids: readonly number[]): string {
  const words = [
    pids.length > 0 && `--pid ${pids.join(",")}`,
    comm !== undefined && `--comm ${comm}`,
    cgroups.length > 0 && `--cgroup ${cgroups.join(",")}`,
  ].filter((word) => word !== false);
  return words.length === 0 ? "every process" : words.join(" ");
}
