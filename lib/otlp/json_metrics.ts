/** ExportMetricsServiceRequest, JSON encoding, to data points. */
import type { Buckets, Exemplar, Integer } from "../model/metric_point.ts";
import type { Origin } from "../model/span.ts";
import { noteSnakeCase, walkJson } from "./json_envelope.ts";
import {
  arrayOf,
  BadField,
  double,
  hex,
  int32,
  int64,
  integer,
  type Json,
  objectOf,
  text,
  uint32,
  uint64,
} from "./json_fields.ts";
import { readAttributes } from "./json_values.ts";
import { fromInt64, type MetricKind, type PointDraft, pointDraft, type Series, toPoint } from "./metric_draft.ts";
import { MetricTally } from "./metric_tally.ts";

const NAMES = { resources: "resourceMetrics", scopes: "scopeMetrics", records: "metrics" };

/** Metric's oneof by member name. */
const KINDS: Readonly<Record<string, MetricKind>> = {
  gauge: "gauge",
  sum: "sum",
  histogram: "histogram",
  exponentialHistogram: "exponential_histogram",
  summary: "summary",
};

/** @throws DecodeError naming the member that is not what it must be. */
export function decodeMetricsJson(body: Uint8Array): MetricTally {
  const tally = new MetricTally();
  walkJson(body, NAMES, tally, {
    read: (raw, origin) => readMetric(raw, origin, tally),
    refuse: (_, raw) => tally.reject("field", pointsOf(raw)),
  });
  return tally;
}

/** Points of a metric that cannot be read as a whole: what is refused is counted in points. */
function pointsOf(raw: unknown): number {
  if (typeof raw !== "object" || raw === null) return 1;
  const lists = Object.keys(KINDS).map((name) => (raw as Json)[name] as Json | null | undefined)
    .map((data) => data?.dataPoints);
  return lists.reduce((sum: number, list) => sum + (Array.isArray(list) ? list.length : 0), 0) || 1;
}

function readMetric(json: Json, origin: Origin, tally: MetricTally): void {
  const metric = {
    name: text(json.name),
    description: text(json.description),
    unit: text(json.unit),
    ...origin,
  };
  for (const [member, kind] of Object.entries(KINDS)) {
    if (json[member] === undefined || json[member] === null) continue;
    const data = objectOf(json[member]);
    noteSnakeCase(data, tally);
    const temporality = integer(data.aggregationTemporality);
    const monotonic = bool(data.isMonotonic);
    readPoints(arrayOf(data.dataPoints), { metric, kind, temporality, monotonic }, tally);
  }
}

function readPoints(list: readonly unknown[], series: Series, tally: MetricTally): void {
  for (const raw of list) {
    try {
      const json = objectOf(raw);
      noteSnakeCase(json, tally);
      tally.add(toPoint(series, readPoint(json, tally)));
    } catch (error) {
      if (!(error instanceof BadField)) throw error;
      tally.reject("field");
    }
  }
}

/** The members of all five kinds: no two of them use one name for two things. */
function readPoint(json: Json, tally: MetricTally): PointDraft {
  return {
    ...pointDraft(),
    attributes: readAttributes(json.attributes, tally),
    startNs: uint64(json.startTimeUnixNano),
    timeNs: uint64(json.timeUnixNano),
    flags: uint32(json.flags),
    exemplars: arrayOf(json.exemplars).map((one) => readExemplar(objectOf(one), tally)),
    value: numberOf(json),
    count: count(json.count),
    sum: optional(json.sum),
    min: optional(json.min),
    max: optional(json.max),
    bounds: list(json.explicitBounds, double, tally),
    counts: list(json.bucketCounts, count, tally),
    scale: int32(json.scale),
    zeroCount: count(json.zeroCount),
    zeroThreshold: optional(json.zeroThreshold) ?? 0,
    positive: buckets(json.positive, tally),
    negative: buckets(json.negative, tally),
    quantiles: arrayOf(json.quantileValues).map(objectOf).map((at) => ({
      quantile: optional(at.quantile) ?? 0,
      value: optional(at.value) ?? 0,
    })),
  };
}

function readExemplar(json: Json, tally: MetricTally): Exemplar {
  return {
    timeNs: uint64(json.timeUnixNano),
    value: numberOf(json) ?? 0,
    attributes: readAttributes(json.filteredAttributes, tally),
    traceId: hex(json.traceId, "trace_id"),
    spanId: hex(json.spanId, "span_id"),
  };
}

function numberOf(json: Json): Integer | null {
  if (json.asInt !== undefined && json.asInt !== null) return fromInt64(int64(json.asInt));
  return optional(json.asDouble);
}

function optional(value: unknown): number | null {
  return value === undefined || value === null ? null : double(value);
}

function buckets(value: unknown, tally: MetricTally): Buckets {
  const json = objectOf(value);
  return { offset: int32(json.offset), counts: list(json.bucketCounts, count, tally) };
}

function list<T>(value: unknown, read: (one: unknown) => T, tally: MetricTally): T[] {
  return arrayOf(value).map((one) => {
    tally.spend();
    return read(one);
  });
}

function count(value: unknown): Integer {
  return fromInt64(uint64(value));
}

function bool(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw new BadField("must be true or false");
  return value;
}
