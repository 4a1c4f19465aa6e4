/**
 * What a collector keeps of what it was told: an ordered log of documents, found by sequence, by trace and by id. One interface, so that
 * a collector works alike on memory, on a file and on something distributed; lib/testing/store_suite.ts is what each has to pass.
 */
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { LogRecord } from "../model/log_record.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import type { Receipt } from "../model/receipt.ts";
import type { SloEvent } from "../model/slo_event.ts";
import type { Span } from "../model/span.ts";
import type { SpanRequest } from "../otlp/scan_traces.ts";

export interface DocumentOf {
  readonly span: Span;
  readonly log: LogRecord;
  readonly probe: ProbeEvent;
  readonly slo: SloEvent;
  readonly incident: IncidentAttribution;
}

export type Kind = keyof DocumentOf;
export const KINDS: readonly Kind[] = ["span", "log", "probe", "slo", "incident"];

export type Severity = "ok" | "warning" | "error";

interface Of<K extends Kind> {
  readonly kind: K;
  readonly document: DocumentOf[K];
  /** Unix nanoseconds: when it happened, by its own account. */
  readonly timeNs: bigint;
  /** Lower-case hex; "" where it belongs to none. */
  readonly traceId: string;
  readonly spanId: string;
  /** "" where it does not say. */
  readonly service: string;
  readonly severity: Severity;
  /** What it is asked for by, unique within its kind; "" where there is no such thing. */
  readonly id: string;
  /** About what it takes to keep: its share of what came over the wire. */
  readonly bytes: number;
}

export type NewEntry = { [K in Kind]: Of<K> }[Kind];

/** Counts up from 1 without gaps, in the order of commits. */
export type Entry = NewEntry & { readonly commitSeq: number };

export interface Filter {
  readonly kinds?: readonly Kind[];
  readonly service?: string;
  readonly severity?: Severity;
}

/** Kinds that can be asked for by id. */
export type NamedKind = "slo" | "incident";

/** Kinds that are found by their time. */
export type TimedKind = "span" | "probe";

/** Unix nanoseconds, both included. */
export interface Period {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface Window extends Period {
  /** Entries at most; of more those that were committed nearest to `around`, a sequence. */
  readonly limit: number;
  readonly around: number;
}

export interface StoreState {
  /** Sequence of the oldest entry still held; `last` + 1 when there is none. */
  readonly first: number;
  /** Sequence of the newest; 0 when nothing was ever appended. */
  readonly last: number;
  readonly held: Readonly<Record<Kind, number>>;
  /** Gone because the store is bounded. */
  readonly evicted: Readonly<Record<Kind, number>>;
  readonly bytes: number;
  /** Whether `ofTrace`, `newest` and `byId` see everything that is held. */
  readonly indexes: "READY" | "BUILDING" | "STALE";
}

export interface Store extends AsyncDisposable {
  /**
   * All of them or none. Resolves when they are as safe as this store makes anything, with the sequences they were given; none for no
   * entries.
   * @param receipt is kept with them: both or neither
   * @throws Overload when it cannot take them now; IoError when it cannot write
   */
  append(entries: readonly NewEntry[], receipt?: Receipt): Promise<{ readonly first: number; readonly last: number }>;

  /** As `append` its spans, in their order, without decoding them before this resolves. */
  appendRequest(request: SpanRequest, receipt?: Receipt): Promise<{ readonly first: number; readonly last: number }>;

  /** What was answered under this key, within the store's horizon; null where it was not seen. */
  receipt(key: string): Promise<Receipt | null>;

  /** Entries behind `seq` in order; `limit` of them at most. */
  after(seq: number, limit: number, filter?: Filter): Promise<readonly Entry[]>;

  /** Spans and kernel events behind `seq` as `after` has them, the spans with the names they were sent with and no others. */
  unjudged(seq: number, limit: number): Promise<readonly Entry[]>;

  /** Up to where everything was judged, as the last call of `judged` said that a restart knows of; 0: nothing. */
  readonly judgedUpTo: number;
  /** Remembers it, also over a restart where the store outlives one, some time soon. */
  judged(upTo: number): void;

  /** All that is held of one trace, in order. */
  ofTrace(traceId: string): Promise<readonly Entry[]>;

  /** Spans that went on, or kernel events that happened, in some window of time; in order. */
  during(kind: TimedKind, window: Window): Promise<readonly Entry[]>;

  /** Another text once `ofTrace` of this trace, or `during` of this time, may give something else. */
  mark(traceId: string, period: Period): Promise<string>;

  /** The newest first, none that happened before `sinceNs`. */
  newest(limit: number, filter?: Filter & { readonly sinceNs?: bigint }): Promise<readonly Entry[]>;

  /** As `newest`, one by one as they are read: they need not be in memory together, and others have their turn in between. */
  eachNewest(
    limit: number,
    filter: Filter & { readonly sinceNs?: bigint },
    visit: (entry: Entry) => void,
  ): Promise<void>;

  /** The newest of a kind with this id, or null. */
  byId(kind: NamedKind, id: string): Promise<Entry | null>;

  /** Calls back after every commit with the sequence of its last entry, until disposed of. */
  onCommit(listener: (last: number) => void): Disposable;

  state(): StoreState;
}

/** @param kind what is asked for: a span that touches the window, or a kernel event in it */
export function isDuring(entry: NewEntry, kind: TimedKind, { startNs, endNs }: Period): boolean {
  if (entry.kind !== kind) return false;
  const beganNs = entry.kind === "span" ? entry.document.startNs : entry.timeNs;
  return entry.timeNs >= startNs && beganNs <= endNs;
}

/** @param found entries in the window, in any order */
export function inWindow(found: readonly Entry[], { limit, around }: Window): Entry[] {
  const far = ({ commitSeq }: Entry) => Math.abs(commitSeq - around);
  const kept = found.length <= limit ? found : found.toSorted((a, b) => far(a) - far(b)).slice(0, limit);
  return kept.toSorted((a, b) => a.commitSeq - b.commitSeq);
}

export function matches({ kind, service, severity }: NewEntry, filter: Filter): boolean {
  return (filter.kinds === undefined || filter.kinds.includes(kind)) &&
    (filter.service === undefined || filter.service === service) &&
    (filter.severity === undefined || filter.severity === severity);
}
