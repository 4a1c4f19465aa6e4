/**
 * What a span and a kernel signal say about themselves, as far as joining them goes.
 *
 * Times are nanoseconds as numbers, on any one clock shared by both sides. Wall time does not fit a double to the
 * nanosecond: bring it in with `sinceNs`, counted from some moment near the data.
 */
import type { Tuple } from "../model/kernel_event.ts";

/** Who and where. A key that is absent, empty, or pid 0, joins nothing. */
export interface Subject {
  readonly traceId?: string;
  readonly spanId?: string;
  readonly service?: string;
  readonly node?: string;
  readonly pod?: string;
  readonly pid?: number;
  /** `src_ip:src_port->dst_ip:dst_port`, or the tuple itself. Either end may come first. */
  readonly conn?: string | Tuple;
}

export interface SpanSubject extends Subject {
  /** "" for a root; undefined where nothing is known of how spans are nested. */
  readonly parentSpanId?: string;
  /** It stands for a request that was served: a SERVER span. */
  readonly serves?: boolean;
  readonly startNs: number;
  /** Equal to `startNs` for a span of which only a moment is known. */
  readonly endNs: number;
}

export interface SignalSubject extends Subject {
  /** Span id of the caller of the span it belongs to: what a server reads off the wire. */
  readonly childOf?: string;
  /** It was seen on the serving end of a connection: a span that serves is meant before any other. */
  readonly serves?: boolean;
  readonly tsNs: number;
  readonly signal?: string;
  readonly value?: number;
}

/** Nanoseconds from one wall-clock moment to another; exact within 104 days. */
export function sinceNs(epochNs: bigint, timeNs: bigint): number {
  return Number(timeNs - epochNs);
}

/** One spelling for a connection whichever end it is seen from and whether or not the protocol is named; "" when there is none. */
export function connKey(conn: string | Tuple | undefined): string {
  if (conn === undefined || conn === "") return "";
  const ends = typeof conn === "string"
    ? conn.trim().toLowerCase().replace(/\/\w+$/, "").split("->").map((end) => end.trim())
    : [`${conn.srcIp}:${conn.srcPort}`, `${conn.dstIp}:${conn.dstPort}`];
  if (ends.length !== 2 || ends.includes("")) return "";
  return ends.sort().join("<->");
}
