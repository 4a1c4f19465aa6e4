/**
 * What becomes of everything a collector is told: it is stored, joined, and when a trace is complete it is judged. Whoever has more to do
 * with what was judged (send it on, write it down, watch for incidents) listens to `onTrace`.
 */
import { probeEventOf } from "../../export/probe_event_log.ts";
import type { Dialect } from "../../model/genai.ts";
import type { LogRecord } from "../../model/log_record.ts";
import type { MetricPoint } from "../../model/metric_point.ts";
import { Overload } from "../../model/overload.ts";
import type { ProbeEvent, ProbeEventV1Alpha2 } from "../../model/probe_event.ts";
import type { Receipt } from "../../model/receipt.ts";
import { RecentKeys } from "../../model/recent_keys.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import type { Span } from "../../model/span.ts";
import { genAiNames, metricDialect } from "../../otlp/genai.ts";
import type { OtlpSink } from "../../serve/otlp_receiver.ts";
import { logEntry, probeEntry, sloEntry, spanEntry } from "../../store/entries.ts";
import type { NewEntry, Store } from "../../store/store.ts";
import { EvidenceJoin, type EvidenceStats, type Ticket } from "./evidence_join.ts";
import { HeldTraces } from "./held_traces.ts";
import { type JudgedTrace, type JudgeOptions, judgeTrace } from "./judge.ts";
import { RecentTraces } from "./recent_traces.ts";

export interface PipelineOptions extends JudgeOptions {
  readonly store: Store;
  readonly windowMs: number;
  /** Unix ms. */
  readonly nowMs: () => number;
  /** Milliseconds on a clock that only goes forward. */
  readonly clockMs: () => number;
  /** A trace is judged when nothing of it came for so long. Default: the window. */
  readonly quietMs?: number;
  /** Spans that wait to be judged, and their bytes on the wire, at most: beyond it senders are told to come again. */
  readonly mostHeld?: number;
  readonly mostHeldBytes?: number;
  readonly onTrace: (trace: JudgedTrace) => void;
  /** Metrics are not stored; who needs them listens. */
  readonly onMetrics?: (points: readonly MetricPoint[]) => void;
  /** Probe events as they are taken, whichever way they came. */
  readonly onProbes?: (probes: readonly ProbeEvent[]) => void;
}

/** Counters since the start. */
export interface PipelineStats {
  /** Spans by who speaks so of models. */
  readonly dialects: ReadonlyMap<Dialect, number>;
  readonly metricDialects: ReadonlyMap<Dialect, number>;
  /** Attributes where a newer and an older name said different things. */
  readonly differences: number;
  /** Probe events taken, by where from. */
  readonly probes: Readonly<Record<"otlp" | "input", number>>;
  readonly duplicateProbes: number;
  /** Logs that meant to hold a probe event and did not, and probe events that cannot be kept; by reason. */
  readonly refusedProbes: ReadonlyMap<string, number>;
  readonly logs: number;
  readonly judgedTraces: number;
  readonly judgedSpans: number;
  readonly heldSpans: number;
  readonly heldBytes: number;
  /** SLO events the store would not take. */
  readonly unstored: number;
  readonly join: EvidenceStats;
}

/** After so long a trace is judged whatever still comes of it. */
const LONGEST_MS = 60_000;
/** Spans judged between two looks at the rest of the world. */
const SLICE = 2_000;
/** Probe events remembered against duplicates. */
const PROBE_HORIZON = 131_072;
/** About what an SLO event takes. */
const SLO_BYTES = 500;

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #join: EvidenceJoin;
  readonly #held: HeldTraces;
  readonly #recent = new RecentTraces();
  readonly #seenProbes = new RecentKeys(PROBE_HORIZON);
  readonly #dialects = new Map<Dialect, number>();
  readonly #metricDialects = new Map<Dialect, number>();
  readonly #refused = new Map<string, number>();
  readonly #probes = { otlp: 0, input: 0 };
  /** On their way into the store. */
  #arriving = { spans: 0, bytes: 0 };
  #counts = { differences: 0, duplicateProbes: 0, logs: 0, judgedTraces: 0, judgedSpans: 0, unstored: 0 };

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { windowMs, quietMs = Math.max(windowMs, 1) } = options;
    this.#join = new EvidenceJoin({ epochNs: BigInt(Math.round(options.nowMs())) * 1_000_000n, windowMs });
    this.#held = new HeldTraces({ quietMs, longestMs: Math.max(LONGEST_MS, quietMs) });
  }

  /** For a receiver. */
  readonly sink: OtlpSink = {
    spans: (spans, bytes, receipt) => this.takeSpans(spans, bytes, receipt),
    logs: (logs, bytes, receipt) => this.takeLogs(logs, bytes, receipt),
    metrics: (points) => this.takeMetrics(points),
    receipt: async (receipt) => void await this.#options.store.append([], receipt),
    receiptOf: (key) => this.#options.store.receipt(key),
  };

  /** @param bytes what they took on the wire @throws Overload, or what the store throws: nothing was taken then */
  async takeSpans(spans: readonly Span[], bytes: number, receipt?: Receipt): Promise<void> {
    const { mostHeld = 100_000, mostHeldBytes = 256 * 1024 * 1024, store } = this.#options;
    const waiting = this.#held.spans + this.#arriving.spans;
    const waitingBytes = this.#held.bytes + this.#arriving.bytes;
    if (waiting > 0 && (waiting + spans.length > mostHeld || waitingBytes + bytes > mostHeldBytes)) {
      throw new Overload("too many spans wait for the rest of their trace", 2);
    }
    this.#arriving.spans += spans.length;
    this.#arriving.bytes += bytes;
    const each = Math.ceil(bytes / spans.length);
    try {
      const named = spans.map((span) => this.#named(span));
      await store.append(named.map((span) => spanEntry(span, each)), receipt);
      const nowMs = this.#options.clockMs();
      for (const span of named) this.#held.add(this.#join.addSpan(span), each, nowMs);
    } finally {
      this.#arriving.spans -= spans.length;
      this.#arriving.bytes -= bytes;
    }
  }

  /** Records that hold a probe event are taken as that. @throws as `takeSpans` */
  async takeLogs(logs: readonly LogRecord[], bytes: number, receipt?: Receipt): Promise<void> {
    const each = Math.ceil(bytes / logs.length);
    const entries: NewEntry[] = [];
    const probes: ProbeEvent[] = [];
    const keys: string[] = [];
    for (const log of logs) {
      const held = probeEventOf(log);
      if (held === null || typeof held === "string") {
        if (held !== null) increment(this.#refused, held);
        entries.push(logEntry(log, each));
        continue;
      }
      const key = probeKey(held);
      if (!this.#seenProbes.add(key)) {
        this.#counts.duplicateProbes++;
        continue;
      }
      keys.push(key);
      probes.push(held);
      entries.push(probeEntry(held, each));
    }
    try {
      if (entries.length > 0 || receipt !== undefined) await this.#options.store.append(entries, receipt);
    } catch (error) {
      for (const key of keys) this.#seenProbes.forget(key);
      throw error;
    }
    this.#counts.logs += entries.length - probes.length;
    this.#addProbes(probes, "otlp");
  }

  takeMetrics(points: readonly MetricPoint[]): void {
    for (const name of new Set(points.map(({ metric }) => metric.name))) {
      const dialect = metricDialect(name);
      if (dialect !== null) increment(this.#metricDialects, dialect);
    }
    this.#options.onMetrics?.(points);
  }

  /** After a restart: the newest probe events of the store are known when they come again. */
  async remember(): Promise<void> {
    const entries = await this.#options.store.newest(PROBE_HORIZON / 2, { kinds: ["probe"] });
    for (const entry of entries.toReversed()) {
      if (entry.kind === "probe") this.#seenProbes.add(probeKey(entry.document));
    }
  }

  /** From a file or a pipe. @throws what the store throws */
  async takeProbes(probes: readonly ProbeEvent[], bytes: number): Promise<void> {
    if (probes.length === 0) return;
    const each = Math.ceil(bytes / probes.length);
    await this.#options.store.append(probes.map((probe) => probeEntry(probe, each)));
    this.#addProbes(probes, "input");
  }

  /** Judges what is complete by now; with `all` whatever is held. Lets others have their turn in between. */
  async turn(all = false): Promise<void> {
    for (;;) {
      const due = this.#held.take(all ? Infinity : this.#options.clockMs(), SLICE);
      if (due.length === 0) return;
      const events: SloEvent[] = [];
      for (const tickets of due) {
        const judged = judgeTrace(tickets, this.#join, this.#options, this.#options.nowMs());
        this.#counts.judgedTraces++;
        this.#counts.judgedSpans += tickets.length;
        this.#recent.add(judged.traceId, tickets);
        events.push(...judged.events);
        this.#options.onTrace(judged);
      }
      await this.storeSloEvents(events);
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  /** Never rejects: they were made here, nobody was told that they are kept, and what they were made of is in the store. */
  async storeSloEvents(events: readonly SloEvent[]): Promise<void> {
    if (events.length === 0) return;
    const entries = events.map((event) => sloEntry(event, SLO_BYTES));
    try {
      await this.#options.store.append(entries);
    } catch {
      this.#counts.unstored += events.length;
    }
  }

  /** Spans of a trace that was judged lately, as the join knows them; for `explain`. */
  ticketsOf(traceId: string): readonly Ticket[] {
    return this.#recent.of(traceId);
  }

  get join(): EvidenceJoin {
    return this.#join;
  }

  get stats(): PipelineStats {
    return {
      dialects: this.#dialects,
      metricDialects: this.#metricDialects,
      probes: this.#probes,
      refusedProbes: this.#refused,
      heldSpans: this.#held.spans,
      heldBytes: this.#held.bytes,
      join: this.#join.stats,
      ...this.#counts,
    };
  }

  #named(span: Span): Span {
    const { attributes, dialects, differences } = genAiNames(span.attributes);
    for (const dialect of dialects) increment(this.#dialects, dialect);
    this.#counts.differences += differences.length;
    return attributes === span.attributes ? span : { ...span, attributes };
  }

  #addProbes(probes: readonly ProbeEvent[], from: "otlp" | "input"): void {
    for (const probe of probes) {
      if (!this.#join.addProbe(probe)) increment(this.#refused, "a name is too long");
    }
    this.#probes[from] += probes.length;
    if (probes.length > 0) this.#options.onProbes?.(probes);
  }
}

/** Two events alike in all of this are one event that was sent twice. */
function probeKey(probe: ProbeEvent): string {
  const { ts_unix_nano, signal, node, pid, tid, value, span_id = "", conn_tuple: conn } = probe;
  const { attributes, cgroup = "" } = probe as ProbeEventV1Alpha2;
  const ports = conn === undefined ? "" : `${conn.src_ip}:${conn.src_port}>${conn.dst_ip}:${conn.dst_port}`;
  const about = attributes === undefined ? "" : JSON.stringify(attributes);
  return [ts_unix_nano, signal, node, pid, tid, value, span_id, ports, cgroup, about].join("\0").slice(0, 2048);
}

function increment<K>(counters: Map<K, number>, key: K): void {
  counters.set(key, (counters.get(key) ?? 0) + 1);
}
