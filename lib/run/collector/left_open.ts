/** Incidents that an earlier process left open: a baseline goes with its process, so nobody will ever see those end. */
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { incidentEntry } from "../../store/entries.ts";
import type { Store } from "../../store/store.ts";

/** Incidents looked at, the newest. */
const MOST = 1_000;
const DOCUMENT_BYTES = 4_000;

/**
 * Closes them as `restarted`, which is not health, and tells of each; but not those that somebody goes on with.
 *
 * @throws what the store throws
 */
export async function closeLeftOpen(
  store: Store,
  nowMs: number,
  onIncident: (incident: IncidentAttribution) => void,
  resume: (incident: IncidentAttribution) => boolean = () => false,
): Promise<void> {
  const latest = new Map<string, IncidentAttribution>();
  for (const entry of await store.newest(MOST, { kinds: ["incident"] })) {
    if (entry.kind !== "incident") continue;
    const { document } = entry;
    if (!latest.has(document.incident_id)) latest.set(document.incident_id, document); // the newest come first
  }
  const left = [...latest.values()].filter((incident) => incident.state === "open" && !resume(incident))
    .reverse();
  const closed = left.map((incident): IncidentAttribution => ({
    ...incident,
    state: "closed",
    closed_at: new Date(nowMs).toISOString(),
    closed_because: "restarted",
  }));
  if (closed.length > 0) await store.append(closed.map((incident) => incidentEntry(incident, DOCUMENT_BYTES)));
  for (const incident of closed) onIncident(incident);
}
