import { assert, assertEquals } from "@std/assert";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { validate } from "../../report/validate.ts";
import type { Span } from "../../model/span.ts";
import { MemoryStore } from "../../store/memory_store.ts";
import { madeRun } from "../../testing/telemetry.ts";
import { IncidentDesk } from "./incident_desk.ts";
import { Pipeline } from "./pipeline.ts";

const place = { cluster: "c1", namespace: "", workload: "", service: "" };

/** All of a story at once, as a collector that is given a recording. */
async function told(
  spans: readonly Span[],
  probes: Parameters<Pipeline["takeProbes"]>[0],
): Promise<{ incidents: IncidentAttribution[]; store: MemoryStore; desk: IncidentDesk }> {
  const store = new MemoryStore();
  let nowMs = 1_767_225_600_000;
  const incidents: IncidentAttribution[] = [];
  const desk = new IncidentDesk({
    store,
    nowMs: () => nowMs,
    cluster: "c1",
    namespace: "",
    service: "",
    objectiveMs: 150,
    onIncident: (incident) => incidents.push(incident),
    onFault: (error) => {
      throw error;
    },
  });
  const pipeline = new Pipeline({
    store,
    place,
    objectives: { ttftMs: 150 },
    tracker: null,
    windowMs: 2000,
    nowMs: () => nowMs,
    clockMs: () => nowMs,
    onTrace: (trace) => desk.observe(trace),
  });
  await pipeline.takeProbes(probes, 1);
  await pipeline.takeSpans(spans, 1);
  await pipeline.turn(true);
  await desk.turn();
  await desk.turn(); // nothing new: nothing is told again
  nowMs += 90_000;
  await desk.turn();
  return { incidents, store, desk };
}

Deno.test("a slow resolver becomes one incident, attributed by the kernel's evidence, and closed once", async () => {
  const { probes, spans } = madeRun({ seconds: 90, slowFrom: 40 });
  const back = madeRun({ seconds: 90, slowFrom: 90 });
  // From second 60 on the resolver is well again.
  const well = (i: number, per: number) => i >= 60 * 5 * per;
  const { incidents, store, desk } = await told(
    spans.map((span, i) => well(i, 2) ? back.spans[i]! : span),
    probes.map((probe, i) => well(i, 4) ? back.probes[i]! : probe),
  );
  assertEquals(incidents.map(({ state }) => state), ["open", "closed"]);
  const [opened, closed] = incidents as [IncidentAttribution, IncidentAttribution];
  for (const incident of incidents) assertEquals(validate("incident-attribution/v1.1", incident), []);
  assertEquals(opened.incident_id, closed.incident_id);
  assertEquals([closed.predicted_fault_domain, closed.service, closed.cluster], ["network_dns", "gw", "c1"]);
  assertEquals(closed.closed_because, "recovered");
  const lateMs = Date.parse(opened.timestamp) - (1_767_225_600_000 + 40_000);
  assert(lateMs > 0 && lateMs < 1_000, `it showed ${lateMs} ms after the first slow request began`);
  const { incident: during, excess } = closed.split!;
  assert(during.dns! > 140 && excess.dns! > 140, `${during.dns} ms`);
  assert(
    closed.evidence.some(({ signal, value, source }) =>
      signal === "dns_latency_ms" && value > 140 && source === "ebpf"
    ),
  );
  const slow = new Set(spans.slice(40 * 10, 60 * 10).map(({ traceId }) => traceId));
  assert(closed.trace_ids!.length > 0 && closed.trace_ids!.every((id) => slow.has(id)), "only slow requests are named");
  assertEquals([desk.opened, desk.open, store.state().held.incident], [1, 0, 2]);
});

Deno.test("without kernel events the cause is unknown, and says why", async () => {
  const { spans } = madeRun({ seconds: 60, slowFrom: 40 });
  const { incidents: [opened, closed] } = await told(spans, []);
  assertEquals(opened!.predicted_fault_domain, "unknown");
  assertEquals(opened!.confidence, 0);
  assert(opened!.unknown_reason!.includes("no kernel event came"));
  assertEquals(closed!.closed_because, "no_traffic");
  assertEquals(validate("incident-attribution/v1.1", closed), []);
});

Deno.test("a calm run has no incident", async () => {
  const { probes, spans } = madeRun({ seconds: 60, slowFrom: 60 });
  assertEquals((await told(spans, probes)).incidents, []);
});

Deno.test("failures: the cause is what the failed calls answered", async () => {
  const { probes, spans } = madeRun({ seconds: 60, slowFrom: 60 });
  const broken = spans.map((span, i): Span =>
    i < 40 * 10 ? span : {
      ...span,
      statusCode: 2,
      attributes: { ...span.attributes, "http.response.status_code": i % 2 === 0 ? 502n : 503n, "error.type": "503" },
    }
  );
  const { incidents: [opened] } = await told(broken, probes);
  assertEquals([opened!.slo_impact.sli, opened!.predicted_fault_domain], ["error_rate", "provider_error"]);
  assertEquals(validate("incident-attribution/v1.1", opened), []);
});

Deno.test("services of one name in two namespaces have incidents of their own, each of its requests alone", async () => {
  const of = (ns: string, digit: string, spans: readonly Span[]) =>
    spans.map((span): Span => ({
      ...span,
      traceId: digit + span.traceId.slice(1),
      resource: { ...span.resource, "k8s.namespace.name": ns },
    }));
  const slow = of("prod", "a", madeRun({ seconds: 60, slowFrom: 40 }).spans);
  const calm = of("dev", "b", madeRun({ seconds: 60, slowFrom: 60 }).spans);
  const { incidents } = await told([...slow, ...calm].sort((a, b) => Number(a.endNs - b.endNs)), []);
  assertEquals(incidents.map(({ namespace, state }) => `${namespace} ${state}`), ["prod open", "prod closed"]);
  for (const incident of incidents) {
    assert(/^inc-\d{17}-prod-gw$/.test(incident.incident_id), incident.incident_id);
    assertEquals(validate("incident-attribution/v1.1", incident), []);
  }
  assertEquals(incidents[0]!.requests!.baseline, 40 * 5, "half of what came in those seconds");
});
