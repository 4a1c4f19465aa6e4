/** ExportMetricsServiceRequest, protobuf encoding, to data points. Field numbers: opentelemetry-proto v1 (metrics). */
import type { Origin } from "../model/span.ts";
import { type MetricKind, pointDraft, type Series, toPoint } from "./metric_draft.ts";
import { MetricTally } from "./metric_tally.ts";
import { walkProtobuf } from "./protobuf_envelope.ts";
import { POINT_FIELDS } from "./protobuf_points.ts";
import type { WireReader } from "./wire_reader.ts";

/** Metric's oneof by field number. */
const KINDS: Readonly<Record<number, MetricKind>> = {
  5: "gauge",
  7: "sum",
  9: "histogram",
  10: "exponential_histogram",
  11: "summary",
};

/** @throws DecodeError naming the byte where the body stops making sense. */
export function decodeMetricsProtobuf(body: Uint8Array): MetricTally {
  const tally = new MetricTally();
  walkProtobuf(body, tally, (reader, origin) => readMetric(reader, origin, tally));
  return tally;
}

/** A point needs its metric's name, and that may stand behind the points: the message is gone over twice. */
function readMetric(reader: WireReader, origin: Origin, tally: MetricTally): void {
  const metric = { name: "", description: "", unit: "", ...origin };
  let data = 0; // of several kinds the last one counts
  const outer = reader.enter();
  const start = reader.at;
  while (reader.next()) {
    if (reader.field === 1) metric.name = reader.string();
    else if (reader.field === 2) metric.description = reader.string();
    else if (reader.field === 3) metric.unit = reader.string();
    else {
      if (KINDS[reader.field] !== undefined) data = reader.field;
      reader.skip();
    }
  }
  reader.at = start;
  while (data !== 0 && reader.next()) {
    if (reader.field === data) readPoints(reader, { metric, kind: KINDS[data]! }, tally);
    else reader.skip();
  }
  reader.leave(outer);
}

/** data_points = 1, aggregation_temporality = 2, is_monotonic = 3. */
function readPoints(reader: WireReader, of: Pick<Series, "metric" | "kind">, tally: MetricTally): void {
  let temporality = 0;
  let monotonic = false;
  const outer = reader.enter();
  const start = reader.at;
  while (reader.next()) {
    if (reader.field === 2) temporality = reader.enumeration();
    else if (reader.field === 3) monotonic = reader.bool();
    else reader.skip();
  }
  reader.at = start;
  const series: Series = { ...of, temporality, monotonic };
  const readPoint = POINT_FIELDS[of.kind];
  while (reader.next()) {
    if (reader.field === 1) {
      const point = pointDraft();
      const inner = reader.enter();
      while (reader.next()) readPoint(reader, point, tally);
      reader.leave(inner);
      tally.add(toPoint(series, point));
    } else reader.skip();
  }
  reader.leave(outer);
}
