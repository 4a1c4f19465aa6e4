/** Bootstrap confidence intervals: what a statistic would have been, had other values of the same kind been drawn. */
import { bcaLimits } from "./bca.ts";
import { quantileOfSorted } from "./describe.ts";
import { eachTail, type Interval, type LevelOption } from "./interval.ts";
import { oneOf } from "./one_of.ts";
import { orderStatistics } from "./order_statistics.ts";
import { type Pool, poolOf } from "./pool.ts";
import { random } from "./random.ts";
import { resampling } from "./resampling.ts";

/**
 * A function of values, which come in order in a buffer that is reused: it must not keep it. Or a quantile by type 7,
 * which needs no drawing at all.
 */
export type Statistic = ((values: Float64Array) => number) | { readonly quantile: number };

export interface BootstrapOptions extends LevelOption {
  /**
   * `percentile` (default); `basic`, the same reflected about the estimate; `bca`, corrected for bias and skewness, for smooth
   * statistics alone (means, medians): the jackknife of a p95 is degenerate. `cluster_percentile` is percentile with `clusters`.
   */
  readonly method?: "percentile" | "basic" | "bca" | "BCa" | "cluster_percentile";
  /** Resamples drawn. Default 2000; under 1000 the limits are rough. */
  readonly replicates?: number;
  /** Names the random stream, such as `42/E3/dns_latency/ttft_ms`; the same seed and values give the same interval. Default 42. */
  readonly seed?: string | number;
  /**
   * The run that each value belongs to. Then every resample draws runs, and values from what they hold together: values of one run
   * are alike, and to draw them one by one would pretend that another run costs nothing. Wants 3 runs, better 10.
   */
  readonly clusters?: ArrayLike<string | number>;
  /** How a quantile is resampled. `auto` (default): by order statistics, without drawing the values; the distribution is the same. */
  readonly engine?: "auto" | Engine;
}

export type Engine = "draws" | "order_stats";

export interface BootstrapInterval extends Interval<"percentile" | "basic" | "bca" | "cluster_percentile"> {
  readonly engine: Engine;
}

/**
 * The interval of a statistic. Values inside a run, and the runs by name, are sorted before anything is drawn, so that the order of
 * the rows changes nothing. One value has no spread: low and high are the estimate, which says nothing of how good it is.
 *
 * ```ts
 * import { bootstrapCI } from "@llm-slo/sloctl";
 *
 * const ttft = Float64Array.from({ length: 300 }, (_, i) => 200 + i % 100 + 10 * Math.floor(i / 100));
 * const run = ttft.map((_, i) => Math.floor(i / 100));
 * const p95 = bootstrapCI(ttft, { quantile: 0.95 }, { clusters: run, seed: "42/E3/dns_latency/ttft_ms" });
 * if (p95.method !== "cluster_percentile" || p95.engine !== "order_stats") throw new Error("two-level, the fast way");
 * if (!(p95.low < p95.estimate && p95.estimate < p95.high)) throw new Error("an estimate lies in its interval");
 * ```
 *
 * @returns NaN throughout for nothing, and for a sample with a NaN; infinities are values like any other
 * @throws RangeError for a level, count, method or engine that cannot be, clusters of another length, and bca or basic of clusters
 */
export function bootstrapCI(
  samples: Iterable<number>,
  statistic: Statistic,
  options: BootstrapOptions = {},
): BootstrapInterval {
  const { clusters, engine = "auto" } = options;
  const method = options.method === "BCa" ? "bca" : options.method ?? "percentile";
  oneOf("method", method, ["percentile", "basic", "bca", "cluster_percentile"]);
  if (method === "cluster_percentile" && clusters === undefined) {
    throw new RangeError(`Cannot use "method ${method}": no clusters are given`);
  }
  if ((method === "bca" || method === "basic") && clusters !== undefined) {
    throw new RangeError(`Cannot use "method ${method}" with clusters: give the statistic of each run as the samples`);
  }
  const tail = eachTail(options);
  const pool = poolOf(samples, clusters);
  const results = replicatesOf(pool, statistic, options).sort();
  const of = functionOf(statistic);
  const values = pool?.values ?? new Float64Array();
  // A copy, should the function change what it is given: they may be the caller's own.
  const estimate = pool === null ? NaN : of(typeof statistic === "function" ? values.slice() : values);
  const [low, high] = [quantileOfSorted(results, tail), quantileOfSorted(results, 1 - tail)];
  const named = { estimate, engine: engineOf(statistic, engine) };
  if (method === "basic") return { low: 2 * estimate - high, high: 2 * estimate - low, ...named, method };
  if (method === "bca") return { ...bcaLimits(values, of, estimate, results, tail), ...named, method };
  return { low, high, ...named, method: clusters === undefined ? method : "cluster_percentile" };
}

/**
 * What `bootstrapCI` takes its limits from: the statistic of every resample, in the order drawn. Two of them, one for each arm and
 * each with a seed of its own, give the distribution of a difference or a ratio. NaN throughout where there is nothing to draw.
 */
export function bootstrapReplicates(
  samples: Iterable<number>,
  statistic: Statistic,
  options: Omit<BootstrapOptions, "method" | "level"> = {},
): Float64Array {
  return replicatesOf(poolOf(samples, options.clusters), statistic, options);
}

function replicatesOf(pool: Pool | null, statistic: Statistic, options: BootstrapOptions): Float64Array {
  const { replicates = 2000, seed = 42, engine = "auto" } = options;
  oneOf("engine", engine, ["auto", "draws", "order_stats"]);
  if (!(Number.isInteger(replicates) && replicates >= 1)) {
    throw new RangeError(`Cannot draw "${replicates} replicates": it must be a positive integer`);
  }
  const results = new Float64Array(replicates);
  if (pool === null) return results.fill(NaN);
  const stream = random(String(seed));
  const next = engineOf(statistic, engine) === "order_stats" && "quantile" in statistic
    ? orderStatistics(pool, statistic.quantile, stream)
    : resampling(pool, functionOf(statistic), stream);
  for (let r = 0; r < replicates; r++) results[r] = next();
  return results;
}

function functionOf(statistic: Statistic): (values: Float64Array) => number {
  return typeof statistic === "function" ? statistic : (values) => quantileOfSorted(values, statistic.quantile);
}

/** @throws RangeError for order statistics of what is no quantile */
function engineOf(statistic: Statistic, engine: "auto" | Engine): Engine {
  if (typeof statistic !== "function") return engine === "auto" ? "order_stats" : engine;
  if (engine === "order_stats") throw new RangeError(`Cannot use "engine ${engine}": the statistic is no quantile`);
  return "draws";
}
