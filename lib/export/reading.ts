import type { Histogram } from "../model/histogram.ts";
import type { Tuple } from "../model/kernel_event.ts";
import type { SignalName } from "../model/signals.ts";

/** What one signal says, before the owner and the place are added. */
export interface Reading {
  readonly signal: SignalName;
  /** Kernel clock: when it ended. */
  readonly endNs: number;
  readonly value: number;
  readonly tuple?: Tuple;
  readonly traceId?: string | null;
  readonly spanId?: string | null;
  readonly errno?: number;
  readonly attributes?: Readonly<Record<string, string | number | undefined>>;
  /** An aggregate of so many occurrences, each under its threshold; no bounds: only their number is known. */
  readonly histogram?: Histogram;
  /** It ended badly: an error however quick it was. */
  readonly failed?: boolean;
  /** Where it is not the owner's that is meant. */
  readonly cgroup?: string;
}
