/** Data points of a request, judged alike whatever encoding they came in. */
import { type Integer, type MetricPoint, TEMPORALITY } from "../model/metric_point.ts";
import { type Decoded, type RejectReason, Tally } from "./tally.ts";

export interface DecodedMetrics extends Decoded {
  readonly points: readonly MetricPoint[];
}

const NO_RECORDED_VALUE = 1;

export class MetricTally extends Tally implements DecodedMetrics {
  readonly points: MetricPoint[] = [];

  /** Keeps the point, or counts why not. */
  add(point: MetricPoint): void {
    const reason = complaint(point);
    if (reason !== null) return this.reject(reason);
    if ("temporality" in point && point.temporality === TEMPORALITY.unspecified) this.warn("no_temporality");
    this.spend();
    this.points.push(point);
  }
}

function complaint(point: MetricPoint): RejectReason | null {
  if (point.metric.name === "") return "metric_name";
  if (point.kind === "gauge" || point.kind === "sum") {
    return point.value === null && (point.flags & NO_RECORDED_VALUE) === 0 ? "value" : null;
  }
  if (point.kind === "summary") return null;
  if (Number(point.count) === 0 && point.sum !== null && point.sum !== 0) return "value";
  if (point.kind === "exponential_histogram") {
    const { positive, negative, zeroCount, count } = point;
    return total([...positive.counts, ...negative.counts, zeroCount]) === BigInt(count) ? null : "bucket_counts";
  }
  const { bounds, counts } = point;
  if (counts.length === 0 && bounds.length === 0) return null;
  if (counts.length !== bounds.length + 1) return "bounds";
  if (!bounds.every((bound, i) => i === 0 ? !Number.isNaN(bound) : bound > bounds[i - 1]!)) return "bounds";
  return total(counts) === BigInt(point.count) ? null : "bucket_counts";
}

function total(counts: readonly Integer[]): bigint {
  let exact = 0n;
  let small = 0;
  for (const count of counts) {
    if (typeof count === "number" && small + count <= Number.MAX_SAFE_INTEGER) small += count;
    else exact += BigInt(count);
  }
  return exact + BigInt(small);
}
