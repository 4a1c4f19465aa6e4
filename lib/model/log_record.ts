/** An OpenTelemetry log record, whatever encoding it arrived in. */
import type { Attributes, AttributeValue, Origin } from "./span.ts";

export interface LogRecord extends Origin {
  /** Unix nanoseconds: when it happened, or when it was observed where the sender does not know; 0 where neither is said. */
  readonly timeNs: bigint;
  /** Unix nanoseconds; 0 where it is not said. */
  readonly observedNs: bigint;
  /** 1 to 24 (trace to fatal); 0 where it is not said. */
  readonly severity: number;
  readonly severityText: string;
  /** Name of the event the record is; "" for an ordinary log line. */
  readonly eventName: string;
  readonly body: AttributeValue;
  readonly attributes: Attributes;
  /** 32 lower-case hex digits, or "" when it belongs to no trace. */
  readonly traceId: string;
  /** 16 lower-case hex digits, or "". */
  readonly spanId: string;
  readonly flags?: number;
  readonly droppedAttributes?: number;
}
