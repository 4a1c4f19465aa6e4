/** OTLP traces, logs and metrics in and out, protobuf and JSON (metrics go out in protobuf alone). Pure: bytes in, values out. */
import type { LogRecord } from "../model/log_record.ts";
import type { MetricPoint } from "../model/metric_point.ts";
import type { Span } from "../model/span.ts";
import { encodeLogsJson, encodeTracesJson } from "./encode_json.ts";
import { encodeMetricsProtobuf } from "./encode_metrics.ts";
import { encodeLogsProtobuf, encodeTracesProtobuf } from "./encode_protobuf.ts";
import { decodeLogsJson } from "./json_logs.ts";
import { decodeMetricsJson } from "./json_metrics.ts";
import { decodeTracesJson } from "./json_traces.ts";
import type { DecodedLogs } from "./log_tally.ts";
import type { DecodedMetrics } from "./metric_tally.ts";
import { decodeLogsProtobuf } from "./protobuf_logs.ts";
import { decodeMetricsProtobuf } from "./protobuf_metrics.ts";
import { decodeTracesProtobuf } from "./protobuf_traces.ts";
import type { Encoding } from "./response.ts";
import type { DecodedTraces } from "./span_tally.ts";

export { DecodeError } from "./decode_error.ts";
export { decodeResponse, encodeResponse, encodeStatus, MEDIA_TYPE } from "./response.ts";
export type { Encoding, PartialSuccess, RpcStatus, Signal } from "./response.ts";
export type { DecodedLogs, DecodedMetrics, DecodedTraces };
export type { Decoded, RejectReason, WarnReason } from "./tally.ts";

/**
 * An ExportTraceServiceRequest. Bad spans are counted in the result, never thrown.
 * @throws DecodeError when the body as a whole cannot be read; nothing else, whatever the bytes.
 */
export function decodeTraces(body: Uint8Array, encoding: Encoding): DecodedTraces {
  return encoding === "json" ? decodeTracesJson(body) : decodeTracesProtobuf(body);
}

/** An ExportLogsServiceRequest, as `decodeTraces`. @throws DecodeError */
export function decodeLogs(body: Uint8Array, encoding: Encoding): DecodedLogs {
  return encoding === "json" ? decodeLogsJson(body) : decodeLogsProtobuf(body);
}

/** An ExportMetricsServiceRequest, as `decodeTraces`; what is refused is counted in data points. @throws DecodeError */
export function decodeMetrics(body: Uint8Array, encoding: Encoding): DecodedMetrics {
  return encoding === "json" ? decodeMetricsJson(body) : decodeMetricsProtobuf(body);
}

/** An ExportTraceServiceRequest holding the spans. */
export function encodeTraces(spans: Iterable<Span>, encoding: Encoding): Uint8Array<ArrayBuffer> {
  return encoding === "json" ? new TextEncoder().encode(encodeTracesJson(spans)) : encodeTracesProtobuf(spans);
}

/** An ExportLogsServiceRequest holding the records. */
export function encodeLogs(logs: Iterable<LogRecord>, encoding: Encoding): Uint8Array<ArrayBuffer> {
  return encoding === "json" ? new TextEncoder().encode(encodeLogsJson(logs)) : encodeLogsProtobuf(logs);
}

/** An ExportMetricsServiceRequest holding the points: gauges, sums and histograms. */
export function encodeMetrics(points: Iterable<MetricPoint>): Uint8Array<ArrayBuffer> {
  return encodeMetricsProtobuf(points);
}
