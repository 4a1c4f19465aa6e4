/** Spans of a request, judged alike whatever encoding they came in. */
import type { Origin, Span } from "../model/span.ts";
import { type Decoded, Tally } from "./tally.ts";

export interface DecodedTraces extends Decoded {
  readonly spans: readonly Span[];
}

/** A span as it is read, before anyone looked at its sense. */
export type SpanDraft = { -readonly [K in keyof Span]: Span[K] };

/** An empty span, every member at its protobuf default. */
export function spanDraft(origin: Origin): SpanDraft {
  const draft: SpanDraft = {
    traceId: "",
    spanId: "",
    parentSpanId: "",
    name: "",
    kind: 0,
    startNs: 0n,
    endNs: 0n,
    attributes: {},
    events: [],
    statusCode: 0,
    statusMessage: "",
    resource: origin.resource,
    scope: origin.scope,
  };
  if (origin.resourceDetails !== undefined) draft.resourceDetails = origin.resourceDetails;
  if (origin.scopeDetails !== undefined) draft.scopeDetails = origin.scopeDetails;
  return draft;
}

const ZERO_TRACE = "0".repeat(32);
const ZERO_SPAN = "0".repeat(16);

export const isTraceId = (id: string): boolean => id.length === 32 && id !== ZERO_TRACE;
export const isSpanId = (id: string): boolean => id.length === 16 && id !== ZERO_SPAN;

export class SpanTally extends Tally implements DecodedTraces {
  readonly spans: Span[] = [];

  /** Keeps the span, or counts why not. Ids come as lower-case hex of whatever length was sent. */
  add(span: SpanDraft): void {
    if (!isTraceId(span.traceId)) return this.reject("trace_id");
    if (!isSpanId(span.spanId)) return this.reject("span_id");
    // Eight zero bytes are how some senders spell "no parent".
    if (span.parentSpanId === ZERO_SPAN) span.parentSpanId = "";
    if (span.parentSpanId !== "" && span.parentSpanId.length !== 16) return this.reject("parent_span_id");
    if (span.endNs < span.startNs) return this.reject("time_order");
    if (span.name === "") this.warn("empty_name");
    if (span.kind === 0) span.kind = 1; // unspecified may be read as internal
    this.spend();
    this.spans.push(span);
  }
}
