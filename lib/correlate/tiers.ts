/** The four ways to join, strongest first: what must be equal, how far apart in time, and what such a match is worth. */
import { UsageError } from "../model/errors.ts";
import type { Tier } from "../model/split.ts";
import { connKey, type Subject } from "./subject.ts";

/** "" and 0 are no key; null where a key has one part only. */
export type KeyPart = string | number | null;

export interface TierRule {
  readonly tier: Tier;
  /** Milliseconds between the signal and the span's interval, inclusive; null: the caller's window alone. */
  readonly windowMs: number | null;
  readonly confidence: number;
  /** Both sides must yield the same, apart from letter case in the one tier whose keys are hex; "" joins nothing. */
  readonly first: (subject: Subject) => string;
  readonly hex: boolean;
  /** A second part of the key, null where there is none: "" and 0 join nothing. Asked only where the first part is no "". */
  readonly second: ((subject: Subject) => string | number) | null;
  /** For a person: what was equal. */
  readonly because: string;
}

/** Ids come in lower case nearly always, and looking costs less than making them so. */
export function lowerCase(id: string): string {
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i);
    if (code >= 0x41 && code <= 0x5a || code >= 0x80) return id.toLowerCase();
  }
  return id;
}

const pod = (subject: Subject): string => subject.pod ?? "";

export const TIER_RULES: readonly TierRule[] = [
  {
    tier: "trace_id_exact",
    windowMs: null,
    confidence: 1,
    first: ({ traceId }) => traceId ?? "",
    hex: true,
    second: null,
    because: "same trace id",
  },
  {
    tier: "pod_pid_100ms",
    windowMs: 100,
    confidence: 0.9,
    first: pod,
    hex: false,
    second: ({ pid }) => pid !== undefined && pid > 0 ? pid : 0,
    because: "same pod and pid",
  },
  {
    tier: "pod_conn_250ms",
    windowMs: 250,
    confidence: 0.8,
    first: pod,
    hex: false,
    second: ({ conn }) => connKey(conn),
    because: "same pod and connection",
  },
  {
    tier: "svc_node_500ms",
    windowMs: 500,
    confidence: 0.65,
    first: ({ service }) => service ?? "",
    hex: false,
    second: ({ node }) => node ?? "",
    because: "same service and node",
  },
];

const DEFAULT_WINDOW_MS = 2000;

/** How far each tier reaches, strongest first, in nanoseconds. @throws UsageError unless the window is a length of time */
export function reachesNs(windowMs = DEFAULT_WINDOW_MS): number[] {
  if (!(windowMs >= 0)) {
    throw new UsageError(
      `Cannot correlate within "${windowMs} ms": the window is not a length of time`,
      "Give 0 or more",
    );
  }
  return TIER_RULES.map((rule) => Math.min(rule.windowMs ?? Infinity, windowMs) * 1e6);
}
