/**
 * Client stamps, spans and kernel events of one request in one line, by trace id alone: what names the trace belongs to it, whatever
 * else is nearby. Weaker joins (by process, by connection) are the collector's.
 */
import { toMonotonicNs } from "../../model/clock.ts";
import type { Anchor } from "../../model/clock.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import type { Documents } from "../../source/documents.ts";

export interface JoinedRequest {
  readonly id: number;
  readonly trace_id: string;
  /** As in requests.jsonl. */
  readonly request: RequestRecord;
  /** In order of their begin; instants on the clock of the request's, where both were taken on this machine. */
  readonly spans: readonly {
    readonly service: string;
    readonly name: string;
    readonly span_id: string;
    readonly parent_span_id: string;
    readonly start_ns: number;
    readonly end_ns: number;
    readonly attributes: Documents["spans"][number]["attributes"];
  }[];
  readonly events: readonly {
    readonly signal: string;
    readonly ts_ns: number;
    readonly value: number;
    readonly unit: string;
    readonly pid: number;
    readonly comm: string;
  }[];
}

/** Requests that something is known of beside what the client saw. */
export function joinByTrace(
  records: readonly RequestRecord[],
  { spans, probes }: Documents,
  anchor: Anchor,
): JoinedRequest[] {
  const spansOf = Map.groupBy(spans, ({ traceId }) => traceId);
  const eventsOf = Map.groupBy(probes, ({ trace_id }) => trace_id ?? "");
  return records.flatMap((request): JoinedRequest[] => {
    const ownSpans = spansOf.get(request.trace_id) ?? [];
    const events = eventsOf.get(request.trace_id) ?? [];
    if (ownSpans.length + events.length === 0) return [];
    const ns = (unixNs: bigint) => toMonotonicNs(anchor, unixNs);
    return [{
      id: request.id,
      trace_id: request.trace_id,
      request,
      spans: ownSpans.map((span) => ({
        service: String(span.resource["service.name"] ?? ""),
        name: span.name,
        span_id: span.spanId,
        parent_span_id: span.parentSpanId,
        start_ns: ns(span.startNs),
        end_ns: ns(span.endNs),
        attributes: span.attributes,
      })).sort((a, b) => a.start_ns - b.start_ns),
      events: events.map((event) => ({
        signal: event.signal,
        ts_ns: ns(event.ts_unix_nano),
        value: event.value,
        unit: event.unit,
        pid: event.pid,
        comm: "process" in event ? event.process?.comm ?? "" : "",
      })).sort((a, b) => a.ts_ns - b.ts_ns),
    }];
  });
}
