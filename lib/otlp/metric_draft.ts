/** Data points as they are read: one loose shape for all kinds, turned into the exact one at the end. */
import type { Buckets, Exemplar, Integer, Metric, MetricPoint } from "../model/metric_point.ts";
import type { Attributes } from "../model/span.ts";

export type MetricKind = MetricPoint["kind"];

/** What the points of one metric have in common. */
export interface Series {
  readonly metric: Metric;
  readonly kind: MetricKind;
  readonly temporality: number;
  readonly monotonic: boolean;
}

export interface PointDraft {
  attributes: Attributes;
  startNs: bigint;
  timeNs: bigint;
  flags: number;
  exemplars: Exemplar[];
  value: Integer | null;
  count: Integer;
  sum: number | null;
  min: number | null;
  max: number | null;
  bounds: number[];
  counts: Integer[];
  scale: number;
  zeroCount: Integer;
  zeroThreshold: number;
  positive: Buckets;
  negative: Buckets;
  quantiles: { quantile: number; value: number }[];
}

const NO_BUCKETS: Buckets = { offset: 0, counts: [] };

/** An empty point, every member at its protobuf default. */
export function pointDraft(): PointDraft {
  return {
    attributes: {},
    startNs: 0n,
    timeNs: 0n,
    flags: 0,
    exemplars: [],
    value: null,
    count: 0,
    sum: null,
    min: null,
    max: null,
    bounds: [],
    counts: [],
    scale: 0,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: NO_BUCKETS,
    negative: NO_BUCKETS,
    quantiles: [],
  };
}

export function toPoint({ metric, kind, temporality, monotonic }: Series, draft: PointDraft): MetricPoint {
  const { attributes, startNs, timeNs, flags, exemplars, value, count, sum, min, max } = draft;
  const common = { metric, attributes, startNs, timeNs, flags, exemplars };
  if (kind === "gauge") return { kind, ...common, value };
  if (kind === "sum") return { kind, ...common, value, temporality, monotonic };
  if (kind === "summary") return { kind, ...common, count, sum: sum ?? 0, quantiles: draft.quantiles };
  const distribution = { ...common, temporality, count, sum, min, max };
  if (kind === "histogram") return { kind, ...distribution, bounds: draft.bounds, counts: draft.counts };
  const { scale, zeroCount, zeroThreshold, positive, negative } = draft;
  return { kind, ...distribution, scale, zeroCount, zeroThreshold, positive, negative };
}

/** A 64-bit integer: a number where it is exact, else a bigint. */
export function fromInt64(value: bigint): Integer {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) ? rounded : value;
}
