/** What a store holds near a trace: its own spans, and the spans and kernel events of the same time. */
import type { ProbeEvent } from "../../model/probe_event.ts";
import type { Span } from "../../model/span.ts";
import type { Entry, Period } from "../../store/store.ts";
import type { Readable } from "./scoped.ts";

/** Spans, and kernel events, looked at: those committed nearest to the trace. */
const MOST = 20_000;
/** What gave way so few entries before the trace may have been of its time. */
const REACH = 20_000;

export interface Neighbourhood {
  readonly own: readonly Span[];
  /** What was looked at, and the store's mark of it; "" where something came meanwhile. */
  readonly period: Period;
  readonly mark: string;
  /** Of any trace, the own ones too. */
  readonly spans: readonly Span[];
  readonly probes: readonly ProbeEvent[];
  /** Entries of the trace, whatever their kind. */
  readonly entries: readonly Entry[];
  /** Entries of that time may be gone, or are too many to be looked at. */
  readonly cut: boolean;
}

/** null: nothing is held of the trace. @param most spans, and kernel events, looked at */
export async function neighbourhood(
  store: Readable,
  traceId: string,
  windowNs: bigint,
  most = MOST,
): Promise<Neighbourhood | null> {
  const entries = await store.ofTrace(traceId);
  if (entries.length === 0) return null;
  const ownEntries = entries.filter(({ kind }) => kind === "span");
  const own = spansOf(ownEntries);
  const times = own.length > 0
    ? own.flatMap(({ startNs, endNs }) => [startNs, endNs])
    : entries.map(({ timeNs }) => timeNs);
  const period = {
    startNs: times.reduce((a, b) => a < b ? a : b) - windowNs,
    endNs: times.reduce((a, b) => a > b ? a : b) + windowNs,
  };
  const window = { ...period, limit: most, around: entries[entries.length >> 1]!.commitSeq };
  const mark = await store.mark(traceId, period);
  const isWhole = (await store.ofTrace(traceId)).length === entries.length;
  const events = await store.during("probe", window);
  // Other spans count as rivals for kernel events: without those there is nothing to be had.
  const near = events.length === 0 ? ownEntries : await store.during("span", window);
  const cut = [events, near].some(({ length }) => length === most);
  return {
    own,
    period,
    mark: isWhole ? mark : "",
    spans: spansOf(cut ? together(near, ownEntries) : near),
    probes: events.flatMap((entry) => entry.kind === "probe" ? [entry.document] : []),
    entries,
    cut: cut || mayLack(store, entries[0]!.commitSeq),
  };
}

/** What lay shortly before it was trimmed. */
export function mayLack(store: Readable, commitSeq: number): boolean {
  const { first } = store.state();
  return first > 1 && commitSeq - first < REACH;
}

function spansOf(entries: readonly Entry[]): Span[] {
  return entries.flatMap((entry) => entry.kind === "span" ? [entry.document] : []);
}

/** Both, each entry once, in order. */
function together(some: readonly Entry[], others: readonly Entry[]): Entry[] {
  const bySeq = new Map([...some, ...others].map((entry) => [entry.commitSeq, entry]));
  return [...bySeq.values()].sort((a, b) => a.commitSeq - b.commitSeq);
}
