/** What an agent says of itself, under the names of the contract. Labels come from closed sets or are bounded. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { DROP_REASONS, type Drops } from "../model/agent_drops.ts";
import type { GuardAction } from "../model/guard.ts";
import { DNS_BOUNDS_MS } from "../model/histograms.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { type SignalName, SIGNALS } from "../model/signals.ts";

export const MODES = ["core_full", "bcc_degraded", "unsupported"] as const;
export type CapabilityMode = typeof MODES[number];

const EVENT_KINDS = ["slo", "probe", "both"] as const;
const GUARD_ACTIONS = ["raise_thresholds", "lower_thresholds", "detach", "restore", "nothing_left"] as const;
const STATUSES = ["ok", "warning", "error"] as const;
/** Programs whose system calls are counted one by one; further ones are `(others)`. */
const MOST_COMMS = 100;

/** Read when somebody asks, never before. */
export interface AgentSources {
  readonly node: string;
  readonly eventKind: string;
  /** Unix seconds of the last sample: the kernel's buffers were emptied and its counters read. null: none yet. */
  readonly heartbeat: () => number | null;
  /** Percent of one CPU, kernel side included. null: not measured, and then there is no sample. */
  readonly overheadPct: () => number | null;
  /** Steps of the overhead guard so far. */
  readonly guardSteps: () => Readonly<Partial<Record<GuardAction, number>>>;
  /** null: no kernel is watched. */
  readonly mode: () => CapabilityMode | null;
  /** Signals that are not told now, and why. */
  readonly off: () => ReadonlyMap<SignalName, string>;
  readonly dropped: () => Drops;
}

/** What the counters take of an event. */
export interface ToldEvent extends Pick<ProbeEvent, "signal" | "status" | "value" | "pod"> {
  readonly process?: { readonly comm: string } | undefined;
  /** An aggregate of so many. */
  readonly histogram?: { readonly counts: readonly number[] } | undefined;
}

export class AgentMetrics {
  readonly registry = new Registry();
  readonly #events = new Map<string, Record<ProbeEvent["status"], number>>(
    SIGNALS.map(({ signal }) => [signal, { ok: 0, warning: 0, error: 0 }]),
  );
  readonly #calls = new Map<string, { pod: string; comm: string; calls: number }>();
  readonly #dns = new Histogram({
    name: "llm_ebpf_dns_latency_ms",
    help: "DNS query to its answer, milliseconds.",
    buckets: DNS_BOUNDS_MS.map(Number),
    registers: [this.registry],
  });

  constructor(sources: AgentSources) {
    const { node, eventKind } = sources;
    this.#gauge("llm_slo_agent_up", "1 while the agent runs.", [], (set) => set({}, 1));
    this.#gauge("llm_slo_agent_heartbeat", "Unix time of the last sample, seconds.", [], (set) => {
      set({}, sources.heartbeat());
    });
    this.#gauge(
      "llm_slo_agent_cpu_overhead_pct",
      "Cost in percent of one CPU: user, system and BPF run time; no sample where the kernel's part cannot be measured.",
      [],
      (set) => set({}, sources.overheadPct()),
    );
    this.#gauge("llm_slo_agent_event_kind", "1 for the kind of events that is asked for.", ["kind"], (set) => {
      for (const kind of EVENT_KINDS) set({ kind }, kind === eventKind ? 1 : 0);
    });
    this.#gauge("llm_slo_agent_capability_mode", "1 for the mode the agent runs in.", ["mode"], (set) => {
      for (const mode of MODES) set({ mode }, mode === sources.mode() ? 1 : 0);
    });
    this.#gauge("llm_slo_agent_signal_enabled", "1 while a signal is told.", ["signal"], (set) => {
      const off = sources.off();
      for (const { signal } of SIGNALS) set({ signal }, off.has(signal) ? 0 : 1);
    });
    this.#counter("llm_slo_agent_dropped_events_total", "Events lost, by reason.", ["reason"], (add) => {
      const dropped = sources.dropped();
      for (const reason of DROP_REASONS) add({ reason }, dropped[reason] ?? 0);
    });
    this.#counter("llm_slo_agent_guard_steps_total", "Steps of the overhead guard.", ["action"], (add) => {
      const steps = sources.guardSteps();
      for (const action of GUARD_ACTIONS) add({ action }, steps[action] ?? 0);
    });
    this.#counter("llm_ebpf_probe_events_total", "Probe events told.", ["signal", "status"], (add) => {
      for (const [signal, by] of this.#events) {
        for (const status of STATUSES) add({ signal, status }, by[status]);
      }
    });
    this.#counter(
      "llm_ebpf_hello_syscalls_total",
      "System calls of the processes named by --pid, --comm or --cgroup; no sample without one.",
      ["node", "pod", "comm"],
      (add) => {
        for (const { pod, comm, calls } of this.#calls.values()) add({ node, pod, comm }, calls);
      },
    );
  }

  /** One event that was told. */
  told(event: ToldEvent): void {
    const by = this.#events.get(event.signal);
    if (by === undefined) return;
    by[event.status]++;
    if (event.signal === "dns_latency_ms") this.#dns.observe(event.value);
    if (event.signal === "syscall_latency_ms") this.#called(event);
  }

  #called({ pod, process, histogram }: ToldEvent): void {
    const calls = histogram === undefined ? 1 : histogram.counts.reduce((sum, n) => sum + n, 0);
    const comm = process?.comm ?? "";
    const key = this.#calls.size < MOST_COMMS || this.#calls.has(`${pod}\0${comm}`) ? `${pod}\0${comm}` : "\0(others)";
    const held = this.#calls.get(key);
    if (held !== undefined) held.calls += calls;
    else {
      const others = key === "\0(others)";
      this.#calls.set(key, { pod: others ? "" : pod, comm: others ? "(others)" : comm, calls });
    }
  }

  /** A counter that is counted elsewhere. */
  #counter(name: string, help: string, labelNames: string[], tell: (add: Setter<number>) => void): void {
    new Counter({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        this.reset();
        tell((labels, value) => this.inc(labels, value));
      },
    });
  }

  /** What is not known has no sample. */
  #gauge(name: string, help: string, labelNames: string[], tell: (set: Setter<number | null>) => void): void {
    new Gauge({
      name,
      help,
      labelNames,
      registers: [this.registry],
      collect() {
        tell((labels, value) => value === null ? this.remove(labels) : this.set(labels, value));
      },
    });
  }
}

type Setter<V> = (labels: Record<string, string>, value: V) => void;
