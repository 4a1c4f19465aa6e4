/** What the m5 gates judge, and by which numbers. Values only: whoever reads files makes these of them. Pure. */
import type { BenchField, Run } from "../model/bench_run.ts";
import type { Verdict } from "./verdict.ts";

export type { BenchField, Run };

export type Mode = "noninferiority" | "classic";

export interface Parameters {
  readonly mode: Mode;
  /** Share of one CPU, in percent. */
  readonly maxOverheadPct: number;
  /** Coefficient of variation over runs, in percent. */
  readonly maxVariancePct: number;
  readonly minRuns: number;
  /** The margin: how much worse a candidate may be, in percent of the baseline. */
  readonly ttftRegressionPct: number;
  /** Two-sided: intervals are at 1 - alpha, and harm or safety is proven at alpha / 2. */
  readonly alpha: number;
  readonly bootstrapIters: number;
  readonly seed: number;
  /** Of each arm. */
  readonly minSamples: number;
  /** The classic rule alone. */
  readonly minCliffsDelta: number;
}

export interface Judged {
  readonly verdict: Verdict;
  /** Why, where it is not a plain pass: sentences that begin with the gate and the scenario. */
  readonly reasons: readonly string[];
  /** The same as stable words: `no-data`, `below-floor`, `nan`, `straddles-margin` ... */
  readonly reason: string | null;
  /** What would settle it. */
  readonly settle?: string;
  /** What is worth knowing beside a verdict; without the scenario's name. */
  readonly notes?: readonly string[];
}

/** All values of one field, over the runs. */
export function pooled(runs: readonly Run[], of: (run: Run) => Float64Array): Float64Array {
  const all = new Float64Array(runs.reduce((size, run) => size + of(run).length, 0));
  runs.reduce((at, run) => (all.set(of(run), at), at + of(run).length), 0);
  return all;
}

/** `3 of 600 rows (0.5 %) have no ttft_ms`; null where every row has it. */
export function missingWords(runs: readonly Run[], field: BenchField): string | null {
  const missing = runs.reduce((sum, run) => sum + run.missing[field], 0);
  const rows = runs.reduce((sum, run) => sum + run.rows, 0);
  return missing === 0 ? null : `${missing} of ${rows} rows (${(100 * missing / rows).toFixed(1)} %) have no ${field}`;
}
