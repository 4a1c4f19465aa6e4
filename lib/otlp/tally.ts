/** What became of a request's spans. Both decoders end in `Tally.add`, so a span means the same in either encoding. */
import type { Attributes, AttributeValue, Span, SpanEvent } from "../model/span.ts";

/** Why a span was refused. `field` is a member of the wrong type, an enum given by name included. */
export type RejectReason = "trace_id" | "span_id" | "parent_span_id" | "time_order" | "field";

/** Why a span, though kept, looks odd. */
export type WarnReason = "empty_name" | "duplicate_attribute" | "snake_case_key";

export interface DecodedTraces {
  readonly spans: readonly Span[];
  /** Spans refused, by reason. Their sum is `rejectedSpans` of the answer. */
  readonly rejected: ReadonlyMap<RejectReason, number>;
  /** Oddities that cost no span, by reason. */
  readonly warnings: ReadonlyMap<WarnReason, number>;
}

/** A span as it was read, before anyone looked at its sense. */
export interface RawSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  startNs: bigint;
  endNs: bigint;
  attributes: Attributes;
  events: SpanEvent[];
  statusCode: number;
  statusMessage: string;
}

/** An empty span, every member at its protobuf default. */
export function rawSpan(): RawSpan {
  return {
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
  };
}

const ZEROS = /^0*$/;

export class Tally implements DecodedTraces {
  readonly spans: Span[] = [];
  readonly rejected: Map<RejectReason, number> = new Map();
  readonly warnings: Map<WarnReason, number> = new Map();

  reject(reason: RejectReason): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }

  warn(reason: WarnReason): void {
    this.warnings.set(reason, (this.warnings.get(reason) ?? 0) + 1);
  }

  /** Keeps the span, or counts why not. Ids come as lower-case hex of whatever length was sent. */
  add(raw: RawSpan, resource: Attributes, scope: string): void {
    if (raw.traceId.length !== 32 || ZEROS.test(raw.traceId)) return this.reject("trace_id");
    if (raw.spanId.length !== 16 || ZEROS.test(raw.spanId)) return this.reject("span_id");
    // Eight zero bytes are how some senders spell "no parent".
    const root = raw.parentSpanId === "" || raw.parentSpanId === "0000000000000000";
    if (!root && raw.parentSpanId.length !== 16) return this.reject("parent_span_id");
    if (raw.endNs < raw.startNs) return this.reject("time_order");
    if (raw.name === "") this.warn("empty_name");
    raw.parentSpanId = root ? "" : raw.parentSpanId;
    raw.kind = raw.kind === 0 ? 1 : raw.kind; // unspecified may be read as internal
    this.spans.push({ ...raw, resource, scope });
  }

  /** Sets an attribute unless the key is there already: the first of two wins, the second is counted. */
  set(target: Record<string, AttributeValue>, key: string, value: AttributeValue): void {
    if (Object.hasOwn(target, key)) return this.warn("duplicate_attribute");
    // A plain assignment to this one key would change the prototype instead.
    if (key === "__proto__") {
      Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
    } else target[key] = value;
  }
}

/** A 64-bit integer attribute: a number where it is exact, else a bigint. */
export function fromInt64(value: bigint): number | bigint {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
}
