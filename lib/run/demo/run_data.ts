/** Everything one run of the demo yields before anything is concluded from it; the same from a live kernel and from a recording. */
import type { ClientSample } from "./client.ts";
import type { Anchor, ClockBreak } from "../../model/clock.ts";
import type { KernelEvent } from "../../model/kernel_event.ts";
import type { Span } from "../../model/span.ts";

export interface PhaseWindow {
  readonly name: string;
  /** Kernel clock. */
  readonly startNs: number;
  readonly endNs: number;
}

/** What the injector says it did. Opened only when the report is closed. */
export interface Label {
  readonly fault: string;
  readonly intensity: number;
  readonly unit: string;
  readonly description: string;
  /** Kernel clock; null for none. */
  readonly startNs: number | null;
  readonly endNs: number | null;
}

export interface CoverageRow {
  readonly attached: readonly string[];
  readonly missing: readonly { readonly probe: string; readonly reason: string; readonly costs: string }[];
}

export interface RunData {
  readonly mode: "live" | "replay";
  readonly faultAsked: string;
  readonly blind: boolean;
  readonly anchor: Anchor;
  /** Steps of wall time and suspends meanwhile; absent in older recordings. */
  readonly clockBreaks?: readonly ClockBreak[];
  /** Scheduled phases. A blind run has only a baseline and the rest: nobody here knows more. */
  readonly phases: readonly PhaseWindow[];
  readonly events: readonly KernelEvent[];
  readonly spans: readonly Span[];
  readonly samples: readonly ClientSample[];
  /** Paths of the cgroups that were watched, by the id that events carry (decimal). */
  readonly cgroups: Readonly<Record<string, string>>;
  readonly coverage: CoverageRow;
  readonly drops: Readonly<Record<string, number>>;
  readonly cost: Readonly<Record<string, unknown>>;
  readonly host: { readonly name: string; readonly kernel: string; readonly cpus: number; readonly arch: string };
  readonly provenance: Readonly<Record<string, unknown>>;
}
