/** What a store holds near a trace: its own spans, and the spans and kernel events of the same time. */
import type { ProbeEvent } from "../../model/probe_event.ts";
import type { Span } from "../../model/span.ts";
import type { Entry } from "../../store/store.ts";
import type { Readable } from "./scoped.ts";

/** Looked at on each side of the trace, in the order of commits. */
const REACH = 20_000;

export interface Neighbourhood {
  readonly own: readonly Span[];
  /** Of any trace, the own ones too. */
  readonly spans: readonly Span[];
  readonly probes: readonly ProbeEvent[];
  /** Entries of the trace, whatever their kind. */
  readonly entries: readonly Entry[];
  /** Entries of that time may be gone, or are too many to be looked at. */
  readonly cut: boolean;
}

/** null: nothing is held of the trace. */
export async function neighbourhood(store: Readable, traceId: string, windowNs: bigint): Promise<Neighbourhood | null> {
  const entries = await store.ofTrace(traceId);
  if (entries.length === 0) return null;
  const from = Math.max(0, entries[0]!.commitSeq - REACH);
  const reach = entries.at(-1)!.commitSeq - from + REACH;
  const near = await store.after(from, Math.min(reach, 4 * REACH), { kinds: ["span", "probe"] });
  const own = entries.flatMap((entry) => entry.kind === "span" ? [entry.document] : []);
  const times = own.length > 0
    ? own.flatMap(({ startNs, endNs }) => [startNs, endNs])
    : entries.map(({ timeNs }) => timeNs);
  const startNs = times.reduce((a, b) => a < b ? a : b) - windowNs;
  const endNs = times.reduce((a, b) => a > b ? a : b) + windowNs;
  const { first } = store.state();
  return {
    own,
    spans: near.flatMap((entry) =>
      entry.kind === "span" && entry.document.endNs >= startNs && entry.document.startNs <= endNs
        ? [entry.document]
        : []
    ),
    probes: near.flatMap((entry) =>
      entry.kind === "probe" && entry.timeNs >= startNs && entry.timeNs <= endNs ? [entry.document] : []
    ),
    entries,
    cut: first > from + 1 && first > 1 || near.length === 4 * REACH,
  };
}
