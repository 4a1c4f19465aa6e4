/** One data point of an OpenTelemetry metric, with the metric it belongs to. 64-bit numbers are plain where that is exact. */
import type { Attributes, Origin } from "./span.ts";

export type Integer = number | bigint;

/** OTLP aggregation temporality, by number. */
export const TEMPORALITY = { unspecified: 0, delta: 1, cumulative: 2 } as const;

/** Shared by the points of one metric. */
export interface Metric extends Origin {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
}

export interface Exemplar {
  readonly timeNs: bigint;
  readonly value: Integer;
  readonly attributes: Attributes;
  /** Hex as it was sent, or "". */
  readonly traceId: string;
  readonly spanId: string;
}

interface Point {
  readonly metric: Metric;
  readonly attributes: Attributes;
  /** Unix nanoseconds; 0 where it is not said. */
  readonly startNs: bigint;
  readonly timeNs: bigint;
  /** Bit 0: nothing was recorded. */
  readonly flags: number;
  readonly exemplars: readonly Exemplar[];
}

export interface GaugePoint extends Point {
  readonly kind: "gauge";
  /** null only where `flags` says that nothing was recorded. */
  readonly value: Integer | null;
}

export interface SumPoint extends Point {
  readonly kind: "sum";
  readonly value: Integer | null;
  readonly temporality: number;
  readonly monotonic: boolean;
}

interface Distribution extends Point {
  readonly temporality: number;
  readonly count: Integer;
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

export interface HistogramPoint extends Distribution {
  readonly kind: "histogram";
  /** Strictly ascending; a bucket holds what is greater than the bound before it and at most its own. */
  readonly bounds: readonly number[];
  /** One more than `bounds`, or none. */
  readonly counts: readonly Integer[];
}

export interface Buckets {
  readonly offset: number;
  readonly counts: readonly Integer[];
}

export interface ExponentialPoint extends Distribution {
  readonly kind: "exponential_histogram";
  readonly scale: number;
  readonly zeroCount: Integer;
  readonly zeroThreshold: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
}

export interface SummaryPoint extends Point {
  readonly kind: "summary";
  readonly count: Integer;
  readonly sum: number;
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[];
}

export type MetricPoint = GaugePoint | SumPoint | HistogramPoint | ExponentialPoint | SummaryPoint;
