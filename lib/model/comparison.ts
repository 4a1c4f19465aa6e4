/** Two diagnoses of one machine, or of two, beside each other. Part of the diagnosis document. */
import type { Peer } from "./diagnosis.ts";
import type { SignalName } from "./signals.ts";

/** One row in one of the runs. */
export interface Side {
  readonly count: number;
  /** Occurrences a minute of the window. */
  readonly per_minute: number;
  readonly p50: number;
  readonly p95: number;
  /** ms a second of the window: what of the time went there. */
  readonly total_per_s: number;
  readonly finding: boolean;
}

export interface Change {
  /** `new`: a finding whose row the other run had not; `gone`: the other way round. */
  readonly change: "new" | "worse" | "better" | "gone";
  readonly kind: SignalName;
  readonly process: { readonly comm: string };
  readonly peer: Peer | null;
  /** null: that run did not see it. */
  readonly before: Side | null;
  readonly now: Side | null;
  readonly sentence: string;
}

export interface Comparison {
  /** The other run. */
  readonly baseline: { readonly start: string; readonly seconds: number; readonly host: string };
  /** Worst first; bounded. */
  readonly changes: readonly Change[];
  readonly left_out: number;
  /** Rows of both runs that did not change by more than the rules ask for. */
  readonly same: number;
  /** Rows with too few occurrences in one of the runs to say. */
  readonly too_few: number;
  /** What makes the two runs hard to compare. */
  readonly cautions: readonly string[];
}
