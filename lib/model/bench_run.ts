/** The requests of one run of a benchmark, as a gate judges them. */

/** The fields of a raw sample that are judged. */
export const BENCH_FIELDS = ["ttft_ms", "token_throughput_tps", "error_rate"] as const;
export type BenchField = typeof BENCH_FIELDS[number];

/** The three lists are of one length; NaN stands where a row has no such number. */
export interface Run {
  readonly name: string;
  /** A request that never got a token is Infinity. */
  readonly ttftMs: Float64Array;
  readonly tokensPerSecond: Float64Array;
  readonly errors: Float64Array;
  /** Rows of the file that are samples. */
  readonly rows: number;
  /** With a request id that another row of the run has; of those the slowest counts. */
  readonly duplicates: number;
  /** With a time outside the run's own start and end: dropped. */
  readonly outside: number;
  /** By field: rows without it, or where it is null or empty. NaN in the lists, never 0. */
  readonly missing: Readonly<Record<BenchField, number>>;
}

/** What keeps a file of a run from being evidence. */
export interface RunProblem {
  /** `integrity`: it is not what it says it is. */
  readonly verdict: "not-evaluated" | "inconclusive" | "integrity";
  /** A stable word. */
  readonly reason: string;
  /** Names the file, and the line where there is one. */
  readonly sentence: string;
}

/** What a baseline says of itself in its manifest.json; null: nothing, or nothing that can be read. */
export interface BaselineManifest {
  readonly source_ref: string | null;
  readonly source_commit: string | null;
  /** RFC 3339. */
  readonly generated_at: string | null;
  /** `measured`, `synthetic`. */
  readonly origin: string | null;
  readonly host_sha256: string | null;
  /** At the root of a baseline there is one for each scenario. */
  readonly scenario_sha256: string | null;
}
