/** What the run was judged by, and what came of it. */
import type { Criterion, Goodput } from "../../load/goodput.ts";

export interface SloOutcome {
  readonly name: string;
  readonly criteria: readonly Criterion[];
  /** Share of good requests that is asked for. */
  readonly objective: number;
  readonly goodput: Goodput;
  /** 95 %, two-sided, Wilson. */
  readonly interval: { readonly low: number; readonly high: number } | null;
  readonly verdict: "pass" | "fail" | "inconclusive";
  readonly reasons: readonly string[];
}
