/** The agent's own incidents: services whose time to first byte moved while it watched, estimated from sockets, for a webhook. */
import { evidence } from "../attribute/evidence.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import { type KernelEvent, processKey } from "../model/kernel_event.ts";
import type { RequestsContext, ServiceMoved } from "./agent_requests.ts";
import { iso } from "./agent_requests.ts";
import { decided, estimatedMark, impact } from "./incident_fields.ts";

/** What the caller said about where it runs. */
export interface IncidentPlace {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly service?: string;
}

/** @param objectiveMs requests slower than this spend budget */
export function agentIncidents(
  moved: readonly ServiceMoved[],
  events: readonly KernelEvent[],
  { clocks, place: where }: RequestsContext,
  place: IncidentPlace,
  objectiveMs: number,
): IncidentAttribution[] {
  return moved.map(({ service, found: { baseline, shift }, slow, quiet, told }) => {
    const seen = evidence(
      told.domain,
      events.filter((event) => service.processes.has(processKey(event.owner))),
      { startNs: shift.startNs - 1, endNs: shift.endNs, requests: slow.length },
      { startNs: baseline.startNs - 1, endNs: baseline.endNs, requests: quiet.length },
    );
    const openedAt = iso(clocks, shift.startNs);
    const home = where(service.owner) ?? {};
    const namespace = place.namespace || (home.namespace ?? "");
    const program = home.pod === undefined ? service.name : `${home.pod} ${service.name}`;
    return {
      incident_id: `inc-${openedAt.replace(/[^0-9]/g, "")}-${service.name.replace(/[^A-Za-z0-9]+/g, "-")}`,
      timestamp: openedAt,
      cluster: place.cluster ?? "",
      service: place.service ?? (home.pod === undefined ? program : home.service ?? program),
      ...decided(told),
      evidence: seen.flatMap(({ signal, value }) => value === null ? [] : [{ signal, value, source: "ebpf" as const }]),
      ...impact(slow, shift, objectiveMs),
      ...(namespace === "" ? {} : { namespace }),
      schema: "incident_attribution/v1.1",
      ...estimatedMark(slow),
    };
  });
}
