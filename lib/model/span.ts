/** An OpenTelemetry span as the pipeline sees it, whatever encoding it arrived in. */

export type AttributeValue = string | number | bigint | boolean | Uint8Array | AttributeValue[] | null | {
  [key: string]: AttributeValue;
};
/**
 * Of attributes: the keys of whole numbers that came as doubles, of an array: that its whole numbers did. What is sent on must keep its
 * type, and a plain number cannot tell 2.0 from 2. Copying with `...` keeps it; who makes attributes anew may leave it out.
 */
export const DOUBLES: unique symbol = Symbol("doubles");
export type Attributes = Readonly<Record<string, AttributeValue>> & { readonly [DOUBLES]?: ReadonlySet<string> };

/** What a resource says beside its attributes; only there when it says it. */
export interface ResourceDetails {
  readonly schemaUrl?: string;
  readonly droppedAttributes?: number;
}

/** What an instrumentation scope says beside its name; only there when it says it. */
export interface ScopeDetails {
  readonly version?: string;
  readonly attributes?: Attributes;
  readonly schemaUrl?: string;
  readonly droppedAttributes?: number;
}

/** Who told a span, a log record or a metric. Records that arrived together share the objects. */
export interface Origin {
  /** Resource attributes: service.name, process.pid, host.name ... */
  readonly resource: Attributes;
  readonly resourceDetails?: ResourceDetails;
  /** Name of the instrumentation scope. */
  readonly scope: string;
  readonly scopeDetails?: ScopeDetails;
}

export interface SpanEvent {
  readonly name: string;
  /** Unix nanoseconds. */
  readonly timeNs: bigint;
  readonly attributes: Attributes;
  readonly droppedAttributes?: number;
}

export interface SpanLink {
  /** Hex as it was sent. */
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
  readonly traceState?: string;
  readonly flags?: number;
  readonly droppedAttributes?: number;
}

/** OTLP span kinds, by number. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

export interface Span extends Origin {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  /** 16 lower-case hex digits, or "" for a root. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  /** Unix nanoseconds. */
  readonly startNs: bigint;
  /** Unix nanoseconds. */
  readonly endNs: bigint;
  readonly attributes: Attributes;
  readonly events: readonly SpanEvent[];
  /** OTLP status code: 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
  /** What few spans have is only there when they have it; it is kept so that a span can be sent on whole. */
  readonly links?: readonly SpanLink[];
  readonly traceState?: string;
  readonly flags?: number;
  readonly droppedAttributes?: number;
  readonly droppedEvents?: number;
  readonly droppedLinks?: number;
}
