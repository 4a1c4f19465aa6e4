/** The demo's incident as the document other systems read: IncidentAttribution v1.1. */
import type { Domain } from "../../model/attribution.ts";
import type { AttributionEvidence, IncidentAttribution } from "../../model/incident_attribution.ts";
import type { RequestSplit } from "../../model/split.ts";
import type { Analysis } from "./analyse.ts";
import { OBJECTIVE } from "./plan.ts";

/** The objective allows one request in a hundred beyond it. */
const BUDGET = 0.01;
const MOST_IDS = 100;

/** null where there was no incident. */
export function incidentDocument({ incident, shift, joined }: Analysis): IncidentAttribution | null {
  if (incident === null || shift === null) return null;
  const slow = joined.requests.filter((r) => r.startNs >= shift.startNs && r.startNs <= shift.endNs);
  const bad = slow.filter((request) => request.ttftMs > OBJECTIVE.ttftMs).length;
  const shares = (Object.entries(incident.shares) as [Domain, number][]).sort((a, b) => b[1] - a[1]);
  return {
    schema: "incident_attribution/v1.1",
    incident_id: incident.incident_id,
    timestamp: incident.opened_at,
    cluster: "lab",
    namespace: "sloctl-lab",
    service: incident.service,
    predicted_fault_domain: incident.domain,
    confidence: incident.confidence,
    evidence: incident.evidence.flatMap(({ signal, value }): AttributionEvidence[] =>
      value === null ? [] : [{ signal, value, source: signal.startsWith("http.") ? "otel" : "ebpf" }]
    ),
    slo_impact: {
      sli: "ttft_ms",
      burn_rate: slow.length === 0 ? 0 : bad / slow.length / BUDGET,
      window_minutes: Math.max(1, Math.ceil((shift.endNs - shift.startNs) / 60e9)),
    },
    ...ids(slow),
    fault_hypotheses: shares.map(([domain, posterior]) => ({
      domain,
      posterior: Math.min(1, posterior),
      evidence: [],
    })),
    attribution_mode: "model",
    model_version: incident.model_version,
    coverage: incident.coverage,
    excess_ms: incident.excess_ms,
    split: incident.split,
    ...(incident.sub_cause === null ? {} : { sub_cause: incident.sub_cause }),
    ...(incident.unknown_reason === undefined ? {} : { unknown_reason: incident.unknown_reason }),
    ...(incident.replay === true ? { replay: true as const } : {}),
  };
}

/** A trace id is the request's id too. */
function ids(requests: readonly RequestSplit[]): Pick<IncidentAttribution, "trace_ids" | "request_ids"> {
  const first = requests.slice(0, MOST_IDS);
  return { trace_ids: first.map((r) => r.traceId), request_ids: first.map((r) => r.requestId) };
}
