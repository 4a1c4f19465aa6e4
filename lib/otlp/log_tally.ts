/** Log records of a request, judged alike whatever encoding they came in. */
import type { LogRecord } from "../model/log_record.ts";
import type { Origin } from "../model/span.ts";
import { isSpanId, isTraceId } from "./span_tally.ts";
import { type Decoded, Tally } from "./tally.ts";

export interface DecodedLogs extends Decoded {
  readonly logs: readonly LogRecord[];
}

export type LogDraft = { -readonly [K in keyof LogRecord]: LogRecord[K] };

/** An empty record, every member at its protobuf default. */
export function logDraft(origin: Origin): LogDraft {
  return {
    timeNs: 0n,
    observedNs: 0n,
    severity: 0,
    severityText: "",
    eventName: "",
    body: null,
    attributes: {},
    traceId: "",
    spanId: "",
    ...origin,
  };
}

export class LogTally extends Tally implements DecodedLogs {
  readonly logs: LogRecord[] = [];

  /** Keeps the record. A bad id is no reason to lose what was logged: the record then belongs to no trace, and is counted. */
  add(log: LogDraft): void {
    if (!isTraceId(log.traceId)) {
      if (/[^0]/.test(log.traceId)) this.warn("unlinked_log");
      log.traceId = log.spanId = "";
    } else if (!isSpanId(log.spanId)) {
      if (/[^0]/.test(log.spanId)) this.warn("unlinked_log");
      log.spanId = "";
    }
    if (log.timeNs === 0n) log.timeNs = log.observedNs;
    this.spend();
    this.logs.push(log);
  }
}
