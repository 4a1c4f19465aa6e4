/** What a guest writes to its console, one JSON document a line behind a mark. */
import type { MissingProbe } from "../../lib/model/diagnosis.ts";
import type { Comparison } from "../accuracy/measure.ts";

/** What stands in front of a document: all other lines are the kernel's. */
export const MARK = "@@";

/** On the kernel's command line: lock it down at the end, and look once more. */
export const LOCK_DOWN = "sloctl.lockdown";

/** What the guest is like: as it booted, without BTF (hidden by a mount), locked down. */
export type Under = "as booted" | "BTF hidden" | "lockdown=integrity" | "lockdown=confidentiality";

/** What `sloctl agent --probe-smoke` says. */
export interface Attached {
  readonly what: "attached";
  readonly under: Under;
  /** As uname says. */
  readonly release: string;
  readonly code: number;
  readonly mode: "core_full" | "bcc_degraded" | "unsupported";
  readonly attached: readonly string[];
  readonly missing: readonly MissingProbe[];
  /** Programs attached, of those that have a second route. */
  readonly routes: readonly string[];
  /** Why nothing could be attached at all. */
  readonly error?: string;
}

export interface Measured {
  readonly what: "measured";
  readonly under: Under;
  readonly name: string;
  readonly comparisons: readonly Comparison[];
}

export interface Unmeasured {
  readonly what: "unmeasured";
  readonly under: Under;
  readonly name: string;
  readonly reason: string;
}

export type GuestDocument = Attached | Measured | Unmeasured | { readonly what: "end" };
