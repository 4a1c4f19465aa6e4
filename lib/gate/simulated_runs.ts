/** Runs of an imaginary benchmark, drawn from a seed: lognormal TTFT, runs that differ, a tail. For calibration and tests. Pure. */
import type { Run } from "../model/bench_run.ts";
import { normal, random } from "../stats/random.ts";

export interface RunShape {
  /** Names the draws. */
  readonly key: string;
  readonly runs?: number;
  readonly requests?: number;
  /** Median of the TTFT, in ms. */
  readonly centre?: number;
  /** Sigma of the lognormal TTFT. */
  readonly sigma?: number;
  /** Standard deviation of log between runs. */
  readonly runSd?: number;
  /** Share of requests that take `slower` times as long. */
  readonly tail?: number;
  readonly slower?: number;
  readonly tokens?: number;
}

/** TTFT of each run, lognormal. */
export function ttftOf(shape: RunShape): Float64Array[] {
  const { key, runs = 10, requests = 100, centre = 100, sigma = 0.25, runSd = 0, tail = 0, slower = 1 } = shape;
  return Array.from({ length: runs }, (_, i) => {
    const stream = random(`${key}/${i}`);
    const middle = centre * Math.exp(runSd * normal(stream));
    return Float64Array.from(
      { length: requests },
      () => middle * Math.exp(sigma * normal(stream)) * (stream.float() < tail ? slower : 1),
    );
  });
}

export function runsOf(shape: RunShape): Run[] {
  return ttftOf(shape).map((ttftMs, i) => runOf(`run-${i + 1}`, ttftMs, shape.tokens));
}

export function runOf(name: string, ttft: Iterable<number>, tokens = 40): Run {
  const ttftMs = Float64Array.from(ttft);
  return {
    name,
    ttftMs,
    tokensPerSecond: ttftMs.map(() => tokens),
    errors: ttftMs.map(() => 0),
    rows: ttftMs.length,
    duplicates: 0,
    outside: 0,
    missing: { ttft_ms: 0, token_throughput_tps: 0, error_rate: 0 },
  };
}
