import { assert, assertEquals } from "@std/assert";
import { NOBODY_NAMED } from "../correlate/peers.ts";
import { ClockLine } from "../model/clock.ts";
import { validate } from "../report/validate.ts";
import { kernelEvents } from "../source/kernel_from_probes.ts";
import { madeRun } from "../testing/telemetry.ts";
import { agentIncidents } from "./agent_incidents.ts";
import { estimatedRows } from "./agent_requests.ts";
import type { Place } from "./agent_whose.ts";
import { RequestLog } from "./request_log.ts";

function incidents(slowMs: number, place: Place = { pod: "chat-7f" }, namespace = "shop") {
  const { probes, spans } = madeRun({ seconds: 40, slowFrom: 20, slowMs });
  const anchor = { monotonicNs: 0, unixNs: spans[0]!.startNs };
  const log = new RequestLog();
  for (const event of kernelEvents(probes, anchor)) log.add(event);
  const context = {
    attached: ["dns_latency", "connect_latency", "stream"],
    peers: NOBODY_NAMED,
    clocks: new ClockLine({ ...anchor, bootNs: 0, errorNs: 0 }),
    selfPid: 1,
    kept: 1,
    place: () => place,
  };
  const { moved, rows } = estimatedRows(log, context);
  return { rows, made: agentIncidents(moved, log.events, context, { cluster: "c1", namespace }, 100) };
}

Deno.test("a service that moved is an incident: when, how much, why, and that it is estimated", () => {
  const { rows, made } = incidents(150);
  const [incident] = made;
  assertEquals([made.length, validate("incident-attribution/v1.1", incident)], [1, []]);
  const row = rows.find(({ moved }) => moved !== null)!;
  assertEquals([incident!.timestamp, incident!.predicted_fault_domain, incident!.estimated], [
    row.moved!.from,
    row.moved!.domain,
    true,
  ]);
  assertEquals(incident!.predicted_fault_domain, "network_dns");
  assertEquals([incident!.cluster, incident!.namespace], ["c1", "shop"]);
  assert(incident!.service.startsWith("chat-7f gateway"), incident!.service);
  assert(/^inc-\d{17}-gateway/.test(incident!.incident_id), incident!.incident_id);
  assertEquals(incident!.slo_impact.burn_rate, 100); // every one of them was slower than 100 ms
  assertEquals(incident!.evidence[0]?.signal, "dns_latency_ms");
});

Deno.test("an incident is of the pod's service and namespace, where these are known", () => {
  const [incident] = incidents(150, { pod: "chat-7f", namespace: "ai", service: "chat" }, "").made;
  assertEquals([incident?.service, incident?.namespace], ["chat", "ai"]);
});

Deno.test("what did not move is none", () => {
  assertEquals(incidents(2).made, []);
});
