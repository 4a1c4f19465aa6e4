/** What the overhead guard did, and why. */
import type { ProbeName } from "./signals.ts";

/** Who measured the BPF part of a cost: the kernel's run-time statistics, or the programs themselves; null: nobody yet. */
export type MeasuredBy = "kernel" | "programs" | null;

export type GuardAction = "raise_thresholds" | "lower_thresholds" | "detach" | "restore" | "nothing_left";

export interface GuardStep {
  /** On the kernel's monotonic clock. */
  readonly tsNs: number;
  readonly action: GuardAction;
  readonly probe?: ProbeName;
  /** What the window cost that led to it, in percent of one CPU. */
  readonly totalPct: number;
  readonly ownPct: number;
  /** null: not known, and not in the total. */
  readonly kernelPct: number | null;
  readonly budgetPct: number;
  readonly measuredBy: MeasuredBy;
  /** Why it could not be done. */
  readonly refused?: string;
}
