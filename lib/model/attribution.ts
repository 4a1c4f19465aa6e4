/** The names a cause can have, and the document that says which one an incident points at. */
import type { Split, Tier } from "./split.ts";

export const DOMAINS = [
  "network_dns",
  "network_egress",
  "cpu_throttle",
  "memory_pressure",
  "provider_throttle",
  "provider_error",
  "retrieval_backend",
  "unknown",
] as const;
export type Domain = typeof DOMAINS[number];

export interface Evidence {
  readonly signal: string;
  /** Of the incident, and of the baseline; null where nothing was seen, which is not zero. */
  readonly value: number | null;
  readonly baseline: number | null;
  readonly unit: string;
  readonly sentence: string;
}

/** Schema incident/v1 (lib/model/schema/incident.v1.json). */
export interface Incident {
  readonly schema: "incident/v1";
  readonly incident_id: string;
  readonly opened_at: string;
  readonly closed_at: string | null;
  readonly service: string;
  readonly sli_name: "ttft_ms";
  readonly domain: Domain;
  readonly sub_cause: string | null;
  /** In [0, 1]. Not calibrated yet: see lib/attribute. */
  readonly confidence: number;
  readonly excess_ms: number;
  /** Share of the excess per domain. */
  readonly shares: Readonly<Partial<Record<Domain, number>>>;
  readonly split: { readonly incident: Split; readonly baseline: Split; readonly excess: Split };
  readonly evidence: readonly Evidence[];
  /** Share of the labels that were watched. */
  readonly coverage: number;
  readonly drops: number;
  readonly unknown_reason?: string;
  readonly requests: { readonly incident: number; readonly baseline: number };
  readonly tier: Tier;
  readonly model_version: string;
  /** No span told of these requests: they were made from sockets alone. */
  readonly estimated?: true;
  readonly replay?: boolean;
}
