/** Data points to an ExportMetricsServiceRequest, protobuf encoding. Gauges, sums and histograms: what we make ourselves. */
import type { HistogramPoint, Metric, MetricPoint } from "../model/metric_point.ts";
import type { Attributes } from "../model/span.ts";
import { writeAttributes } from "./encode_protobuf.ts";
import { groupRecords } from "./group.ts";
import { WireWriter } from "./wire_writer.ts";

/** Field of `Metric` that holds the points of a kind. */
const DATA = { gauge: 5, sum: 7, histogram: 9 } as const;

/** @throws TypeError for a kind of point that is not one of these. */
export function encodeMetricsProtobuf(points: Iterable<MetricPoint>): Uint8Array<ArrayBuffer> {
  const w = new WireWriter();
  for (const { resource, scopes } of groupRecords([...byMetric(points)])) {
    w.message(1, () => {
      if (Object.keys(resource).length > 0) w.message(1, () => writeAttributes(w, 1, resource));
      for (const scope of scopes) {
        w.message(2, () => {
          if (scope.name !== "") w.message(1, () => w.string(1, scope.name));
          for (const { metric, points } of scope.records) w.message(2, () => writeMetric(w, metric, points));
        });
      }
    });
  }
  return w.finish();
}

interface Group {
  readonly metric: Metric;
  readonly resource: Attributes;
  readonly scope: string;
  readonly points: MetricPoint[];
}

function byMetric(points: Iterable<MetricPoint>): Iterable<Group> {
  const groups = new Map<Metric, Group>();
  for (const point of points) {
    const { metric } = point;
    const group = groups.get(metric);
    if (group !== undefined) group.points.push(point);
    else groups.set(metric, { metric, resource: metric.resource, scope: metric.scope, points: [point] });
  }
  return groups.values();
}

function writeMetric(w: WireWriter, { name, description, unit }: Metric, points: readonly MetricPoint[]): void {
  const { kind } = points[0]!;
  if (kind !== "gauge" && kind !== "sum" && kind !== "histogram") throw new TypeError(`no encoding of "${kind}"`);
  w.string(1, name);
  if (description !== "") w.string(2, description);
  if (unit !== "") w.string(3, unit);
  w.message(DATA[kind], () => {
    for (const point of points) w.message(1, () => writePoint(w, point));
    const [first] = points;
    if (first!.kind === "sum" || first!.kind === "histogram") w.varint(2, first!.temporality);
    if (first!.kind === "sum" && first!.monotonic) w.varint(3, 1);
  });
}

function writePoint(w: WireWriter, point: MetricPoint): void {
  if (point.startNs !== 0n) w.fixed64(2, point.startNs);
  if (point.timeNs !== 0n) w.fixed64(3, point.timeNs);
  if (point.kind === "histogram") return writeHistogram(w, point);
  if (point.kind !== "gauge" && point.kind !== "sum") return;
  // Members of a oneof are written even at their default.
  if (typeof point.value === "bigint") w.fixed64(6, BigInt.asUintN(64, point.value));
  else if (Number.isSafeInteger(point.value)) w.fixed64(6, BigInt.asUintN(64, BigInt(point.value!)));
  else if (point.value !== null) w.double(4, point.value);
  writeAttributes(w, 7, point.attributes);
  if (point.flags !== 0) w.varint(8, point.flags);
}

function writeHistogram(
  w: WireWriter,
  { attributes, count, sum, counts, bounds, flags, min, max }: HistogramPoint,
): void {
  w.fixed64(4, BigInt(count));
  if (sum !== null) w.double(5, sum);
  // Repeated numbers may stand one by one: a reader of proto3 takes both forms.
  for (const one of counts) w.fixed64(6, BigInt(one));
  for (const bound of bounds) w.double(7, bound);
  writeAttributes(w, 9, attributes);
  if (flags !== 0) w.varint(10, flags);
  if (min !== null) w.double(11, min);
  if (max !== null) w.double(12, max);
}
