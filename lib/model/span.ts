/** An OpenTelemetry span as the pipeline sees it, whatever encoding it arrived in. */

export type AttributeValue = string | number | bigint | boolean | Uint8Array | AttributeValue[] | null | {
  [key: string]: AttributeValue;
};
export type Attributes = Readonly<Record<string, AttributeValue>>;

export interface SpanEvent {
  readonly name: string;
  /** Unix nanoseconds. */
  readonly timeNs: bigint;
  readonly attributes: Attributes;
}

/** OTLP span kinds, by number. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;

export interface Span {
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
  /** Resource attributes: service.name, process.pid, host.name ... */
  readonly resource: Attributes;
  readonly scope: string;
}
