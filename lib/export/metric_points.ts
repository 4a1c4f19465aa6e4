/** The samples of a prom-client registry as OpenTelemetry data points: one truth for both ways out. */
import type { MetricObjectWithValues, MetricValueWithName, Registry } from "prom-client";
import { type Metric, type MetricPoint, TEMPORALITY } from "../model/metric_point.ts";
import type { Attributes } from "../model/span.ts";

export interface PointsContext {
  readonly resource: Attributes;
  /** Unix ns: since when the counters count. */
  readonly startNs: bigint;
  /** Unix ns. */
  readonly timeNs: bigint;
}

type Value = MetricValueWithName<string>;

/** Gauges, counters and histograms, under their Prometheus names. */
export async function metricPoints(registry: Registry, context: PointsContext): Promise<MetricPoint[]> {
  const metrics = await registry.getMetricsAsJSON() as unknown as MetricObjectWithValues<Value>[];
  return metrics.flatMap((metric) => pointsOf(metric, context));
}

function pointsOf({ name, help, type, values }: MetricObjectWithValues<Value>, context: PointsContext): MetricPoint[] {
  const metric: Metric = { name, description: help, unit: unitOf(name), resource: context.resource, scope: "sloctl" };
  const common = (labels: Value["labels"]) => ({
    metric,
    attributes: plain(labels),
    startNs: context.startNs,
    timeNs: context.timeNs,
    flags: 0,
    exemplars: [],
  });
  // The text knows its types by name, whatever the library's own numbers for them are.
  switch (String(type)) {
    case "gauge":
      return values.map(({ value, labels }) => ({ ...common(labels), kind: "gauge", startNs: 0n, value }));
    case "counter":
      return values.map(({ value, labels }) => ({
        ...common(labels),
        kind: "sum",
        value,
        temporality: TEMPORALITY.cumulative,
        monotonic: true,
      }));
    case "histogram":
      return histograms(values).map(({ labels, buckets, sum, count }) => ({
        ...common(labels),
        kind: "histogram",
        temporality: TEMPORALITY.cumulative,
        bounds: buckets.slice(0, -1).map(([bound]) => bound),
        counts: buckets.map(([_, upTo], i) => upTo - (buckets[i - 1]?.[1] ?? 0)),
        sum,
        count,
        min: null,
        max: null,
      }));
    default:
      return [];
  }
}

interface Series {
  readonly labels: Value["labels"];
  /** Upper bound, and how many were at most that; +Inf is the last. */
  readonly buckets: [number, number][];
  sum: number;
  count: number;
}

function histograms(values: readonly Value[]): Series[] {
  const series = new Map<string, Series>();
  for (const { value, labels, metricName = "" } of values) {
    const { le, ...own } = labels as Record<string, string | number>;
    const key = JSON.stringify(own);
    const held = series.get(key) ?? { labels: own, buckets: [], sum: 0, count: 0 };
    series.set(key, held);
    if (metricName.endsWith("_sum")) held.sum = value;
    else if (metricName.endsWith("_count")) held.count = value;
    else held.buckets.push([le === "+Inf" ? Infinity : Number(le), value]);
  }
  return [...series.values()];
}

function plain(labels: Value["labels"]): Attributes {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));
}

/** As UCUM has it. */
function unitOf(name: string): string {
  if (name.endsWith("_ms")) return "ms";
  if (name.endsWith("_pct")) return "%";
  return name.endsWith("_heartbeat") ? "s" : "";
}
