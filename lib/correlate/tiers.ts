/** The four ways to join, strongest first: what must be equal, how far apart in time, and what such a match is worth. */
import type { Tier } from "../model/split.ts";
import { connKey, type Subject } from "./subject.ts";

export interface TierRule {
  readonly tier: Tier;
  /** Milliseconds between the signal and the span's interval, inclusive; null: the caller's window alone. */
  readonly windowMs: number | null;
  readonly confidence: number;
  /** Both sides must yield the same key; "" joins nothing. */
  readonly key: (subject: Subject) => string;
  /** For a person: what was equal. */
  readonly because: string;
}

/** Keys are joined by a character no name contains; one missing part makes the whole key empty. */
function all(...parts: readonly (string | undefined)[]): string {
  return parts.every((part) => part !== undefined && part !== "") ? parts.join("\0") : "";
}

function pidKey(pid: number | undefined): string {
  return pid !== undefined && pid > 0 ? String(pid) : "";
}

export const TIER_RULES: readonly TierRule[] = [
  {
    tier: "trace_id_exact",
    windowMs: null,
    confidence: 1,
    key: (s) => (s.traceId ?? "").toLowerCase(),
    because: "same trace id",
  },
  {
    tier: "pod_pid_100ms",
    windowMs: 100,
    confidence: 0.9,
    key: (s) => all(s.pod, pidKey(s.pid)),
    because: "same pod and pid",
  },
  {
    tier: "pod_conn_250ms",
    windowMs: 250,
    confidence: 0.8,
    key: (s) => all(s.pod, connKey(s.conn)),
    because: "same pod and connection",
  },
  {
    tier: "svc_node_500ms",
    windowMs: 500,
    confidence: 0.65,
    key: (s) => all(s.service, s.node),
    because: "same service and node",
  },
];
