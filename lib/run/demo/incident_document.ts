/** The demo's incident as the document other systems read: IncidentAttribution v1.1. */
import type { AttributionEvidence, IncidentAttribution } from "../../model/incident_attribution.ts";
import { decided, estimatedMark, impact } from "../incident_fields.ts";
import type { Analysis } from "./analyse.ts";
import { OBJECTIVE } from "./plan.ts";

/** null where there was no incident. */
export function incidentDocument({ incident, told, shift, slow }: Analysis): IncidentAttribution | null {
  if (incident === null || told === null || shift === null) return null;
  return {
    schema: "incident_attribution/v1.1",
    incident_id: incident.incident_id,
    timestamp: incident.opened_at,
    cluster: "lab",
    namespace: "sloctl-lab",
    service: incident.service,
    ...decided(told),
    evidence: incident.evidence.flatMap(({ signal, value }): AttributionEvidence[] =>
      value === null ? [] : [{ signal, value, source: signal.startsWith("http.") ? "otel" : "ebpf" }]
    ),
    ...impact(slow, shift, OBJECTIVE.ttftMs),
    ...estimatedMark(slow),
    ...(incident.replay === true ? { replay: true as const } : {}),
  };
}
