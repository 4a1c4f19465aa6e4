import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sentence } from "../../export/webhook_format.ts";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import { validate } from "../../report/validate.ts";
import { SloTracker, type Tracked } from "../../slo/tracker.ts";
import { sloEntry } from "../../store/entries.ts";
import { MemoryStore } from "../../store/memory_store.ts";
import { request, sloFile } from "../../testing/slo.ts";
import { madeRun } from "../../testing/telemetry.ts";
import { explainIncident } from "../ask/explain_incident.ts";
import { BurnDesk } from "./burn_desk.ts";
import { Pipeline } from "./pipeline.ts";
import { closeLeftOpen } from "./left_open.ts";
import { restoreSlo } from "./restore_slo.ts";

const MINUTE = 60_000;
const START = 1_767_225_600_000;

function burned(store = new MemoryStore(), startMs = START) {
  let nowMs = startMs;
  const told: IncidentAttribution[] = [];
  const tracker = new SloTracker(sloFile(["name: availability"]));
  const desk = new BurnDesk({
    store,
    tracker,
    nowMs: () => nowMs,
    cluster: "c1",
    namespace: "prod",
    heardMs: () => -Infinity,
    onIncident: (incident) => told.push(incident),
    onFault: (error) => {
      throw error;
    },
  });
  const minute = async (bad: number) => {
    for (let i = 0; i < 600; i++) tracker.observe(request(nowMs, i >= bad), nowMs);
    const labels = { slo_bad: "availability" };
    const timestamp = new Date(nowMs).toISOString();
    const ids = { trace_id: "0af7651916cd43dd8448eb211c80319c", request_id: `${nowMs}`, timestamp };
    const events = bad === 0 ? [] : [{ ...ids, labels }, { ...ids, labels }] as unknown as SloEvent[];
    desk.observe({ traceId: "", evidence: [], requests: [], events });
    nowMs += MINUTE;
    await desk.turn();
  };
  return { told, store, tracker, desk, minute, now: () => nowMs };
}

Deno.test("an objective that burns is one incident, with the requests that broke it, and closed once", async () => {
  const { told, store, desk, minute } = burned();
  for (let i = 0; i < 10; i++) await minute(60);
  assertEquals([told.length, desk.open, desk.opened], [1, 1, 1]);
  for (let i = 0; i < 60; i++) await minute(0);
  const pages = told.filter(({ alert }) => alert?.level === "page");
  assertEquals(pages.map(({ state, closed_because }) => [state, closed_because]), [
    ["open", undefined],
    ["closed", "recovered"],
  ]);
  const [opened] = pages as [IncidentAttribution];
  for (const document of told) assertEquals(validate("incident-attribution/v1.1", document), []);
  assertEquals([opened.service, opened.namespace, opened.slo_impact.sli], ["gw", "prod", "availability"]);
  assertEquals(opened.trace_ids?.length, opened.request_ids?.length);
  assertEquals(new Set(opened.request_ids).size, opened.request_ids!.length);
  assertEquals(pages[1]!.incident_id, opened.incident_id);
  assertStringIncludes(sentence(opened), "gw: the objective availability burns");
  assertStringIncludes(
    explainIncident(opened, { width: 80, color: false }).replaceAll("\n", " "),
    "availability burns",
  );
  assert((await store.newest(10, { kinds: ["incident"] })).length >= 2);
});

Deno.test("what a restart left open is closed, and not called recovered", async () => {
  const { told, store, minute, now } = burned();
  for (let i = 0; i < 10; i++) await minute(60);
  const later: IncidentAttribution[] = [];
  await closeLeftOpen(store, now(), (incident) => later.push(incident));
  assertEquals(later.map(({ incident_id, state, closed_because }) => [incident_id, state, closed_because]), [
    [told[0]!.incident_id, "closed", "restarted"],
  ]);
  assertEquals(validate("incident-attribution/v1.1", later[0]), []);
  await closeLeftOpen(store, now(), () => {
    throw new Error("told twice");
  });
});

Deno.test("after a restart the objectives know their past, and what burned goes on under its id", async () => {
  const before = burned();
  for (let i = 0; i < 10; i++) await before.minute(60);
  const made = Array.from({ length: 600 }, (_, i): SloEvent => ({
    event_id: `e${i}`,
    timestamp: new Date(START + i * 1_000).toISOString(),
    cluster: "c1",
    namespace: "prod",
    workload: "w",
    service: "gw",
    request_id: `r${i}`,
    sli_name: "error_rate",
    sli_value: i % 10 === 0 ? 1 : 0,
    unit: "ratio",
    status: "ok",
  }));
  await before.store.append(made.map((event) => sloEntry(event, 500)));
  const after = burned(before.store, before.now() + MINUTE);
  await restoreSlo(before.store, after.tracker, after.now());
  const [{ meter, counts }] = after.tracker.tracked as [Tracked];
  assertEquals(meter.window(3600, after.now()), { ratio: { n: 60n, d: 600n }, total: 600, bad: 60 });
  assertEquals([counts.good, counts.bad], [0, 0]); // Prometheus would take them for new ones
  await closeLeftOpen(before.store, after.now(), () => {
    throw new Error("closed");
  }, (incident) => after.desk.resume(incident));
  assertEquals(after.desk.open, 1);
  for (let i = 0; i < 40; i++) await after.minute(0);
  const pages = after.told.filter(({ alert }) => alert?.level === "page");
  assertEquals(pages.map(({ incident_id, closed_because }) => [incident_id, closed_because]), [
    [before.told[0]!.incident_id, "recovered"],
  ]);
});

Deno.test("one request in ten is slow for a reason that the kernel saw: the incident of its objective names it", async () => {
  const [quick, slow] = [madeRun({ seconds: 400, slowFrom: 400 }), madeRun({ seconds: 400, slowFrom: 0 })];
  const mixed = <T>(one: readonly T[], other: readonly T[], per: number) =>
    one.map((value, i) => Math.floor(i / per) % 10 === 0 ? other[i]! : value);
  const store = new MemoryStore();
  const tracker = new SloTracker(sloFile(["name: ttft", "sli: ttft_ms <= 150ms"]));
  const nowMs = () => START + 400_000;
  const told: IncidentAttribution[] = [];
  const desk = new BurnDesk({
    store,
    tracker,
    nowMs,
    cluster: "c1",
    namespace: "",
    heardMs: () => -Infinity,
    onIncident: (incident) => told.push(incident),
    onFault: (error) => {
      throw error;
    },
  });
  const pipeline = new Pipeline({
    store,
    place: { cluster: "c1", namespace: "", workload: "", service: "" },
    objectives: { ttftMs: 150 },
    tracker,
    windowMs: 2000,
    nowMs,
    clockMs: nowMs,
    onTrace: (trace) => desk.observe(trace),
  });
  await pipeline.takeProbes(mixed(quick.probes, slow.probes, 4), 1);
  await pipeline.takeSpans(mixed(quick.spans, slow.spans, 2), 1);
  await pipeline.turn(true);
  await desk.turn();
  const [page] = told as [IncidentAttribution];
  assertEquals(validate("incident-attribution/v1.1", page), []);
  assertEquals([page.alert?.level, page.predicted_fault_domain], ["page", "network_dns"]);
  assertEquals([page.requests, page.trace_ids?.length], [{ incident: 200, baseline: 1800 }, 100]);
  const words = explainIncident(page, { width: 80, color: false });
  assertStringIncludes(words.replaceAll("\n", " "), "200 requests against 1800 that kept it");
  assertStringIncludes(words, "(mean; of those that kept it in brackets)");
  assertStringIncludes(sentence(page), "network_dns");
});
