/**
 * IncidentAttribution: the document other systems read. v1 holds what the contract names; what we add (v1.1) are optional keys, and
 * without them every document is a valid v1.
 */
import type { Domain } from "./attribution.ts";
import type { Split } from "./split.ts";

export interface AttributionEvidence {
  readonly signal: string;
  readonly value: number;
  readonly source: "ebpf" | "otel" | "kubernetes" | "application";
}

export interface FaultHypothesis {
  readonly domain: Domain;
  /** In [0, 1]. */
  readonly posterior: number;
  /** Names of signals. */
  readonly evidence: readonly string[];
}

export interface IncidentAttribution {
  readonly incident_id: string;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly cluster: string;
  readonly service: string;
  readonly predicted_fault_domain: Domain;
  /** In [0, 1]. */
  readonly confidence: number;
  readonly evidence: readonly AttributionEvidence[];
  readonly slo_impact: { readonly sli: string; readonly burn_rate: number; readonly window_minutes: number };
  readonly namespace?: string;
  readonly trace_ids?: readonly string[];
  readonly request_ids?: readonly string[];
  readonly fault_hypotheses?: readonly FaultHypothesis[];
  // Added by v1.1.
  readonly schema?: "incident_attribution/v1.1";
  /** What decided, whatever was asked for. */
  readonly attribution_mode?: "model" | "bayes" | "rule";
  readonly model_version?: string;
  readonly sub_cause?: string;
  readonly unknown_reason?: string;
  readonly coverage?: number;
  readonly excess_ms?: number;
  readonly split?: { readonly incident: Split; readonly baseline: Split; readonly excess: Split };
  /** No span told of these requests: they were made from sockets alone. */
  readonly estimated?: true;
  /** `open` until the SLI is as before. Told when it opens and when it closes; absent where the whole was looked at afterwards. */
  readonly state?: "open" | "closed";
  readonly closed_at?: string;
  /**
   * `no_traffic` is not health; `persists`: the new level has become the normal one; `restarted`: the collector started again, and no
   * longer knows what it was compared with.
   */
  readonly closed_because?: "recovered" | "no_traffic" | "persists" | "restarted";
  /** Present where an objective that burns opened it, and by which pair of windows. */
  readonly alert?: { readonly level: "page" | "ticket"; readonly long: string; readonly short: string };
  /** How many requests were compared. */
  readonly requests?: { readonly incident: number; readonly baseline: number };
  readonly synthetic?: true;
  readonly replay?: true;
}
