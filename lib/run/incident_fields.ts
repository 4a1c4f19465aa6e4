/** The parts of an IncidentAttribution v1.1 that everyone who writes one fills alike. */
import { type Attribution, MODEL_VERSION } from "../attribute/attribute.ts";
import type { Domain } from "../model/attribution.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { RequestSplit } from "../model/split.ts";
import type { Shift } from "../slo/shift.ts";

/** The objective lets one request in a hundred be slower. */
const BUDGET = 0.01;
const MOST_IDS = 100;

/** What marks a document of which no span told anything. */
export const estimatedMark = (requests: readonly RequestSplit[]): { readonly estimated?: true } =>
  requests.some(({ estimated }) => estimated === true) ? { estimated: true } : {};

export type Decision = Pick<
  IncidentAttribution,
  "predicted_fault_domain" | "confidence" | "attribution_mode" | "model_version"
>;

/** What the model decided, and on what grounds. */
export function decided(told: Attribution): Decision & Partial<IncidentAttribution> {
  const shares = (Object.entries(told.shares) as [Domain, number][]).sort((a, b) => b[1] - a[1]);
  return {
    predicted_fault_domain: told.domain,
    confidence: told.confidence,
    fault_hypotheses: shares.slice(0, 3)
      .map(([domain, posterior]) => ({ domain, posterior: Math.min(1, posterior), evidence: [] })),
    attribution_mode: "model",
    model_version: MODEL_VERSION,
    coverage: told.coverage,
    excess_ms: told.excessMs,
    split: { incident: told.incident, baseline: told.baseline, excess: told.excess },
    ...(told.subCause === null ? {} : { sub_cause: told.subCause }),
    ...(told.unknownReason === undefined ? {} : { unknown_reason: told.unknownReason }),
  };
}

/** Whom it hurt and how much: the requests of the incident, against an objective in ms. A trace id is the request's id too. */
export function impact(
  slow: readonly RequestSplit[],
  shift: Shift,
  objectiveMs: number,
): Pick<IncidentAttribution, "slo_impact" | "trace_ids" | "request_ids"> {
  const bad = slow.filter((request) => request.ttftMs > objectiveMs).length;
  const first = slow.slice(0, MOST_IDS);
  return {
    slo_impact: {
      sli: "ttft_ms",
      burn_rate: slow.length === 0 ? 0 : bad / slow.length / BUDGET,
      window_minutes: Math.max(1, Math.ceil((shift.endNs - shift.startNs) / 60e9)),
    },
    trace_ids: first.map((request) => request.traceId).filter((id) => id !== ""),
    request_ids: first.map((request) => request.requestId),
  };
}
