/** What a guest writes to its console, one JSON document a line behind a mark. */
import type { MissingProbe } from "../../lib/model/diagnosis.ts";
import type { Comparison } from "../accuracy/measure.ts";

/** What stands in front of a document: all other lines are the kernel's. */
export const MARK = "@@";

export interface Attached {
  readonly what: "attached";
  /** As uname says. */
  readonly release: string;
  readonly attached: readonly string[];
  readonly missing: readonly MissingProbe[];
  /** Why nothing could be attached at all. */
  readonly error?: string;
}

export interface Measured {
  readonly what: "measured";
  readonly name: string;
  readonly comparisons: readonly Comparison[];
}

export interface Unmeasured {
  readonly what: "unmeasured";
  readonly name: string;
  readonly reason: string;
}

export type GuestDocument = Attached | Measured | Unmeasured | { readonly what: "end" };
