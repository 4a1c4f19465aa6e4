/**
 * What becomes of everything a collector is told: it is stored, joined, and when a trace is complete it is judged. Whoever has more to do
 * with what was judged (send it on, write it down, watch for incidents) listens to `onTrace`.
 */
import { probeEventOf } from "../../export/probe_event_log.ts";
import type { Dialect } from "../../model/genai.ts";
import type { LogRecord } from "../../model/log_record.ts";
import type { MetricPoint } from "../../model/metric_point.ts";
import { Overload } from "../../model/overload.ts";
import type { ProbeEvent } from "../../model/probe_event.ts";
import type { Receipt } from "../../model/receipt.ts";
import { RecentKeys } from "../../model/recent_keys.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import type { Span } from "../../model/span.ts";
import { genAiNames, metricDialect } from "../../otlp/genai.ts";
import type { OtlpSink } from "../../serve/otlp_receiver.ts";
import type { SpanRequest } from "../../otlp/scan_traces.ts";
import { logEntry, probeEntry, sloEntry, spanEntry } from "../../store/entries.ts";
import type { Entry, NewEntry, Store } from "../../store/store.ts";
import { Backlog } from "./backlog.ts";
import { EvidenceJoin, type EvidenceStats } from "./evidence_join.ts";
import { type DueTrace, HeldTraces } from "./held_traces.ts";
import { type JudgedTrace, type JudgeOptions, judgeTrace } from "./judge.ts";
import { Pace } from "./pace.ts";
import { logKey, probeKey } from "./record_keys.ts";

export interface PipelineOptions extends JudgeOptions {
  readonly store: Store;
  readonly windowMs: number;
  /** Unix ms. */
  readonly nowMs: () => number;
  /** Milliseconds on a clock that only goes forward. */
  readonly clockMs: () => number;
  /** When somebody was last heard of who may wait for an answer, by `clockMs`. Default: whoever's records are being stored waits. */
  readonly heardMs?: () => number;
  /** A trace is judged when nothing of it came for so long. Default: the window. */
  readonly quietMs?: number;
  /** What waits to be judged, and its bytes on the wire, at most: beyond it senders are told to come again. */
  readonly mostHeld?: number;
  readonly mostHeldBytes?: number;
  /** When a collector ends: so long it goes on reading what waits. Default: until nothing waits. */
  readonly lastTurnMs?: number;
  readonly onTrace: (trace: JudgedTrace) => void;
  /** One whose SLO events an earlier run had stored, and come to its end before it noted that: it may not have been sent on. */
  readonly onKnownTrace?: (trace: JudgedTrace) => void;
  /** Of the spans that were handed on to be sent, how many are safe: judged is noted up to there only. Counters since the start. */
  readonly onward?: () => { readonly given: number; readonly safe: number };
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
  /** Logs whose `log.record.uid` had come before. */
  readonly duplicateLogs: number;
  /** Logs that meant to hold a probe event and did not, and probe events that cannot be kept; by reason. */
  readonly refusedProbes: ReadonlyMap<string, number>;
  readonly logs: number;
  readonly judgedTraces: number;
  readonly judgedSpans: number;
  readonly heldSpans: number;
  readonly heldBytes: number;
  /** Entries of the store that nobody has looked at yet, and that it let go before. */
  readonly backlog: number;
  readonly unjudged: number;
  /** SLO events the store would not take. */
  readonly unstored: number;
  readonly join: EvidenceStats;
}

/** After so long a trace is judged whatever still comes of it. */
const LONGEST_MS = 60_000;
/** Entries read, and traces judged, between two looks at the clock. */
const READ = 64;
const JUDGE = 8;
/** Spans that wait for the rest of their trace, and their bytes, at most: the others wait in the store. */
const MOST_HELD = 100_000;
const MOST_HELD_BYTES = 256 * 1024 * 1024;
/** A turn is over after so long, whatever is left to be done. */
const TURN_MS = 1_000;
/** Probe events, and logs with an id, remembered against duplicates. */
const RECORD_HORIZON = 131_072;
/** Who was answered, or has sent a part of a request, comes with the next about so soon. */
const BREATH_MS = 0.5;
/** SLO events stored together, about. */
const MOST_EVENTS = 512;
/** About what an SLO event takes. */
const SLO_BYTES = 500;

export class Pipeline {
  readonly #options: PipelineOptions;
  readonly #join: EvidenceJoin;
  readonly #held: HeldTraces;
  readonly #backlog: Backlog;
  readonly #pace: Pace;
  /** Taken from `#held`, to be judged next. */
  #due: DueTrace[] = [];
  #dueSpans = 0;
  /** What an earlier run had stored: it may have judged some of it. */
  readonly #knownUpTo: number;
  /** Bytes on the wire of what is in the backlog, about. */
  #backlogBytes = 0;
  /** Judged up to `seq` once so many of the spans handed on are safe; in order. */
  readonly #marks: { readonly seq: number; readonly given: number }[] = [];
  readonly #seenRecords = new RecentKeys(RECORD_HORIZON);
  /** Appends of records that the store has not answered for yet. */
  readonly #recordsUnderWay = new Set<Promise<unknown>>();
  readonly #dialects = new Map<Dialect, number>();
  readonly #metricDialects = new Map<Dialect, number>();
  readonly #refused = new Map<string, number>();
  readonly #probes = { otlp: 0, input: 0 };
  /** On their way into the store. */
  #arriving = { requests: 0, spans: 0, bytes: 0 };
  #counts = {
    differences: 0,
    duplicateProbes: 0,
    duplicateLogs: 0,
    logs: 0,
    judgedTraces: 0,
    judgedSpans: 0,
    unstored: 0,
  };

  constructor(options: PipelineOptions) {
    this.#options = options;
    const { windowMs, quietMs = Math.max(windowMs, 1) } = options;
    this.#join = new EvidenceJoin({ epochNs: BigInt(Math.round(options.nowMs())) * 1_000_000n, windowMs });
    this.#held = new HeldTraces({ quietMs, longestMs: Math.max(LONGEST_MS, quietMs) });
    this.#backlog = new Backlog(options.store, (entry) => this.#apply(entry));
    const { clockMs, heardMs = () => -Infinity } = options;
    this.#pace = new Pace(clockMs, () => this.#arriving.requests > 0 || clockMs() - heardMs() < BREATH_MS);
    this.#knownUpTo = options.store.state().last;
  }

  /** For a receiver. */
  readonly sink: OtlpSink = {
    spans: (spans, bytes, receipt) => this.takeSpans(spans, bytes, receipt),
    request: (request, receipt) => this.takeRequest(request, receipt),
    logs: (logs, bytes, receipt) => this.takeLogs(logs, bytes, receipt),
    metrics: (points) => this.takeMetrics(points),
    receipt: async (receipt) => void await this.#options.store.append([], receipt),
    receiptOf: (key) => this.#options.store.receipt(key),
  };

  /** @param bytes what they took on the wire @throws Overload, or what the store throws: nothing was taken then */
  takeSpans(spans: readonly Span[], bytes: number, receipt?: Receipt): Promise<void> {
    const each = Math.ceil(bytes / spans.length);
    return this.#take(
      spans.length,
      bytes,
      () => this.#options.store.append(spans.map((span) => spanEntry(span, each)), receipt),
      (first) => spans.forEach((span, i) => this.#hold(span, first + i, each)),
    );
  }

  /** Nobody looks into it before it is acknowledged. @throws as `takeSpans` */
  takeRequest(request: SpanRequest, receipt?: Receipt): Promise<void> {
    const { scanned, body } = request;
    return this.#take(scanned.spans, body.length, () => this.#options.store.appendRequest(request, receipt));
  }

  /** @param hold what is known of them without reading them again, if it is */
  async #take(
    spans: number,
    bytes: number,
    append: () => Promise<{ first: number; last: number }>,
    hold?: (first: number) => void,
  ): Promise<void> {
    const { mostHeld = 100_000, mostHeldBytes = 256 * 1024 * 1024 } = this.#options;
    const waiting = this.#held.spans + this.#dueSpans + this.#backlog.waiting + this.#arriving.spans;
    const waitingBytes = this.#held.bytes + this.#backlogBytes + this.#arriving.bytes;
    if (waiting > 0 && (waiting + spans > mostHeld || waitingBytes + bytes > mostHeldBytes)) {
      throw new Overload("too many spans wait to be judged", 2);
    }
    this.#arriving.requests++;
    this.#arriving.spans += spans;
    this.#arriving.bytes += bytes;
    try {
      const given = await append();
      if (hold !== undefined && this.#held.spans < MOST_HELD && this.#backlog.isNext(given)) hold(given.first);
      else this.#backlogBytes += bytes;
    } finally {
      this.#arriving.requests--;
      this.#arriving.spans -= spans;
      this.#arriving.bytes -= bytes;
    }
  }

  /** Records that hold a probe event are taken as that. @throws as `takeSpans` */
  async takeLogs(logs: readonly LogRecord[], bytes: number, receipt?: Receipt): Promise<void> {
    const each = Math.ceil(bytes / logs.length);
    const entries: NewEntry[] = [];
    const probes: ProbeEvent[] = [];
    const keys: string[] = [];
    const isNew = (key: string | null) => {
      if (key === null) return true;
      if (!this.#seenRecords.add(key)) return false;
      keys.push(key);
      return true;
    };
    for (const log of logs) {
      const held = probeEventOf(log);
      if (held === null || typeof held === "string") {
        if (held !== null) increment(this.#refused, held);
        if (isNew(logKey(log))) entries.push(logEntry(log, each));
        else this.#counts.duplicateLogs++;
      } else if (isNew(probeKey(held))) {
        probes.push(held);
        entries.push(probeEntry(held, each));
      } else this.#counts.duplicateProbes++;
    }
    this.#arriving.requests++;
    try {
      // One that came before may be one whose fate is still open: who sends it again waits with who sent it first.
      if (entries.length < logs.length) await Promise.all(this.#recordsUnderWay);
      if (entries.length > 0 || receipt !== undefined) {
        const given = await this.#appendRecords(entries, receipt);
        this.#stored(given, probes);
      }
    } catch (error) {
      for (const key of keys) this.#seenRecords.forget(key);
      throw error;
    } finally {
      this.#arriving.requests--;
    }
    this.#counts.logs += entries.length - probes.length;
    this.#tookProbes(probes, "otlp");
  }

  async #appendRecords(entries: readonly NewEntry[], receipt: Receipt | undefined) {
    const append = this.#options.store.append(entries, receipt);
    this.#recordsUnderWay.add(append);
    try {
      return await append;
    } finally {
      this.#recordsUnderWay.delete(append);
    }
  }

  takeMetrics(points: readonly MetricPoint[]): void {
    for (const name of new Set(points.map(({ metric }) => metric.name))) {
      const dialect = metricDialect(name);
      if (dialect !== null) increment(this.#metricDialects, dialect);
    }
    this.#options.onMetrics?.(points);
  }

  /** After a restart: the newest probe events and logs of the store are known when they come again. */
  async remember(): Promise<void> {
    const entries = await this.#options.store.newest(RECORD_HORIZON / 2, { kinds: ["probe", "log"] });
    for (const entry of entries.toReversed()) {
      if (entry.kind === "log") {
        const key = logKey(entry.document);
        if (key !== null) this.#seenRecords.add(key);
      }
      if (entry.kind !== "probe") continue;
      this.#seenRecords.add(probeKey(entry.document));
      // Spans that are to be judged again find the kernel events of their time.
      if (entry.commitSeq <= this.#backlog.cursor) this.#join.addProbe(entry.document);
    }
  }

  /** From a file or a pipe. @throws what the store throws */
  async takeProbes(probes: readonly ProbeEvent[], bytes: number): Promise<void> {
    if (probes.length === 0) return;
    const each = Math.ceil(bytes / probes.length);
    const given = await this.#options.store.append(probes.map((probe) => probeEntry(probe, each)));
    this.#stored(given, probes);
    this.#tookProbes(probes, "input");
  }

  /** Reads what waits in the store and judges what is complete by now; with `all` whatever is held. Lets others have their turn in between. */
  async turn(all = false): Promise<void> {
    const { clockMs, lastTurnMs = Infinity } = this.#options;
    const until = clockMs() + (all ? lastTurnMs : TURN_MS);
    this.#pace.begin();
    for (;;) {
      const read = clockMs() < until && await this.#read();
      const judged = await this.#judge(all && !read);
      if (!read && !judged) break;
      if (this.#pace.isOver) await this.#pace.rest();
      if (!all && clockMs() >= until) break;
    }
    this.note();
  }

  /** Notes in the store up to where all is judged, and safe with whoever sends it on. Also of use when that has just become true. */
  note(): void {
    const { given, safe } = this.#options.onward?.() ?? { given: 0, safe: 0 };
    const firstDue = this.#due.reduce((least, { firstSeq }) => Math.min(least, firstSeq), Infinity);
    const seq = Math.min(this.#held.firstSeq, firstDue, this.#backlog.cursor + 1) - 1;
    if (this.#marks.at(-1)?.given === given) this.#marks.pop();
    this.#marks.push({ seq, given });
    const open = this.#marks.findIndex((mark) => mark.given > safe);
    const closed = this.#marks.splice(0, open === -1 ? this.#marks.length : open).at(-1);
    if (closed !== undefined) this.#options.store.judged(closed.seq);
  }

  /** False when there is nothing to be read, or no room for it. */
  async #read(): Promise<boolean> {
    let some = false;
    while (this.#held.spans + this.#dueSpans < MOST_HELD && this.#held.bytes < MOST_HELD_BYTES) {
      if (!await this.#backlog.read(READ)) break;
      some = true;
      if (this.#pace.isOver) break;
    }
    if (this.#backlog.waiting === 0) this.#backlogBytes = 0;
    return some;
  }

  /** False when nothing is due. */
  async #judge(all: boolean): Promise<boolean> {
    if (this.#due.length === 0) {
      this.#due = this.#held.take(all ? Infinity : this.#options.clockMs()).reverse();
      this.#dueSpans = this.#due.reduce((sum, { tickets }) => sum + tickets.length, 0);
    }
    if (this.#due.length === 0) return false;
    const events: SloEvent[] = [];
    while (this.#due.length > 0) {
      for (const trace of this.#due.splice(-JUDGE).reverse()) events.push(...await this.#judgeOne(trace));
      if (this.#pace.isOver || events.length > MOST_EVENTS) break;
    }
    await this.storeSloEvents(events);
    return true;
  }

  /** Its SLO events that are not in the store yet. */
  async #judgeOne({ tickets, firstSeq }: DueTrace): Promise<readonly SloEvent[]> {
    const judged = judgeTrace(tickets, this.#join, this.#options, this.#options.nowMs());
    this.#dueSpans -= tickets.length;
    this.#counts.judgedTraces++;
    this.#counts.judgedSpans += tickets.length;
    const events = firstSeq > this.#knownUpTo ? judged.events : await this.#unknown(judged.events);
    // An earlier run has told it, and came to its end before it could note that.
    const told = events.length > 0 || judged.events.length === 0;
    (told ? this.#options.onTrace : this.#options.onKnownTrace)?.({ ...judged, events });
    return events;
  }

  async #unknown(events: readonly SloEvent[]): Promise<SloEvent[]> {
    const known = await Promise.all(events.map(({ event_id }) => this.#options.store.byId("slo", event_id)));
    return events.filter((_, i) => known[i] === null);
  }

  /** Never rejects: they were made here, nobody was told that they are kept, and what they were made of is in the store. */
  async storeSloEvents(events: readonly SloEvent[]): Promise<void> {
    if (events.length === 0) return;
    const entries = events.map((event) => sloEntry(event, SLO_BYTES));
    try {
      this.#backlog.isNext(await this.#options.store.append(entries));
    } catch {
      this.#counts.unstored += events.length;
    }
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
      heldSpans: this.#held.spans + this.#dueSpans,
      heldBytes: this.#held.bytes,
      backlog: this.#backlog.waiting,
      unjudged: this.#backlog.gone,
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

  #hold(span: Span, seq: number, bytes: number): void {
    this.#held.add(this.#join.addSpan(this.#named(span)), seq, bytes, this.#options.clockMs());
  }

  /** What is read from the store. */
  #apply({ kind, document, commitSeq, bytes }: Entry): void {
    if (kind === "span") this.#hold(document, commitSeq, bytes);
    else if (kind === "probe") this.#addProbe(document);
    this.#backlogBytes = Math.max(0, this.#backlogBytes - bytes);
  }

  /** Kernel events, which are joined in the order of the store, as spans are. */
  #stored(given: { first: number; last: number }, probes: readonly ProbeEvent[]): void {
    if (this.#backlog.isNext(given)) { for (const probe of probes) this.#addProbe(probe); }
  }

  #addProbe(probe: ProbeEvent): void {
    if (!this.#join.addProbe(probe)) increment(this.#refused, "a name is too long");
  }

  #tookProbes(probes: readonly ProbeEvent[], from: "otlp" | "input"): void {
    this.#probes[from] += probes.length;
    if (probes.length > 0) this.#options.onProbes?.(probes);
  }
}

function increment<K>(counters: Map<K, number>, key: K): void {
  counters.set(key, (counters.get(key) ?? 0) + 1);
}
