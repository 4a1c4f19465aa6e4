import { assert, assertEquals } from "@std/assert";
import { TEMPORALITY } from "../../model/metric_point.ts";
import type { MetricPoint } from "../../model/metric_point.ts";
import type { ProbeEventV1Alpha2 } from "../../model/probe_event.ts";
import { validate } from "../../report/validate.ts";
import { probeEntry, spanEntry } from "../../store/entries.ts";
import { MemoryStore } from "../../store/memory_store.ts";
import { madeRun } from "../../testing/telemetry.ts";
import { Agents } from "./agents.ts";
import { CountedNamespaces } from "./counted_namespaces.ts";
import { requestAnswer } from "./request_answer.ts";

async function stored(run: ReturnType<typeof madeRun>) {
  const store = new MemoryStore();
  await store.append(run.probes.map((probe) => probeEntry(probe, 100)));
  await store.append(run.spans.map((span) => spanEntry(span, 100)));
  return store;
}

Deno.test("a request: its split, its joins, and what was near it but is another's", async () => {
  const run = madeRun({ seconds: 4, slowFrom: 2 });
  const traceId = run.spans[2 * 15]!.traceId;
  const answer = (await requestAnswer(await stored(run), traceId, 2000))!;
  assertEquals(validate("request-answer/v1", answer), []);
  const [request] = answer.requests;
  assertEquals([answer.requests.length, request!.service, request!.no_split_because], [1, "gw", null]);
  assert(request!.split!.dns! > 140, `${request!.split!.dns}`);
  assertEquals(answer.spans.length, 2);
  const named = new Set(answer.joins.map(({ signal }) => signal));
  for (const signal of ["dns_latency_ms", "connect_latency_ms", "stream_ttft_ms"]) assert(named.has(signal), signal);
  for (const { tier, confidence, k } of answer.joins) {
    const worth = { trace_id_exact: 1, pod_pid_100ms: 0.9, pod_conn_250ms: 0.8, svc_node_500ms: 0.65 }[tier];
    assertEquals(confidence, worth / k);
  }
  assert(answer.joins.every(({ enriches, confidence }) => !enriches || confidence >= 0.7));
  // Every signal of that time is either joined or rejected, with a reason.
  const joined = new Set(answer.joins.map(({ signal, at_ms }) => `${signal} ${at_ms}`)).size;
  const [first, last] = [run.spans[2 * 15]!.startNs - 2_000_000_000n, run.spans[2 * 15]!.endNs + 2_000_000_000n];
  const near = run.probes.filter(({ ts_unix_nano: at }) => at >= first && at <= last).length;
  assertEquals(joined + answer.rejected.total, near);
  assertEquals(Object.values(answer.rejected.because).reduce((a, b) => a + b, 0), answer.rejected.total);
  assert(answer.rejected.nearest.length > 0 && answer.rejected.nearest.every(({ why }) => why !== ""));
  assert(answer.rejected.nearest.some(({ why }) => why.includes("of trace ")), JSON.stringify(answer.rejected));
});

Deno.test("a request is split by its own service's events, whoever else took part in the trace", async () => {
  const run = madeRun({ seconds: 2, slowFrom: 1 });
  // The caller was watched too: its turn has the trace, and lasts as long as the whole request.
  const callers = run.probes.filter((probe) => {
    const { signal, attributes } = probe as ProbeEventV1Alpha2;
    return signal === "stream_ttft_ms" && (attributes as Record<string, unknown>).role === "server";
  }).map((probe) => ({ ...probe, pid: 77, tid: 77, attributes: { role: "client", turn: 0, cookie: "caller" } }));
  const made = { ...run, probes: [...run.probes, ...callers] as typeof run.probes };
  const traceId = run.spans[2 * 7]!.traceId;
  const [plain, crowded] = await Promise.all(
    [run, made].map(async (one) => (await requestAnswer(await stored(one), traceId, 2000))!.requests[0]!.split),
  );
  assertEquals(crowded, plain);
  assert(plain!.dns! > 140);
});

Deno.test("a request without kernel events, and one that nobody knows", async () => {
  const run = madeRun({ seconds: 1 });
  const store = new MemoryStore();
  await store.append(run.spans.map((span) => spanEntry(span, 100)));
  const answer = (await requestAnswer(store, run.spans[0]!.traceId, 2000))!;
  assertEquals(answer.requests[0]!.no_split_because, "no kernel event of that time is held");
  assertEquals([answer.joins, answer.rejected.total], [[], 0]);
  assert(answer.warnings!.some((text) => text.includes("is an agent sending here?")));
  assertEquals(await requestAnswer(store, "f".repeat(32), 2000), null);
});

Deno.test("agents: by their metrics, and by their events", () => {
  const agents = new Agents();
  const now = 1_767_225_600_000;
  const metric = (name: string) => ({ name, description: "", unit: "", resource: { "host.name": "n1" }, scope: "" });
  const gauge = (name: string, value: number, attributes = {}): MetricPoint => ({
    kind: "gauge",
    metric: metric(name),
    attributes,
    startNs: 0n,
    timeNs: 0n,
    flags: 0,
    exemplars: [],
    value,
  });
  agents.metrics([
    gauge("llm_slo_agent_heartbeat", now / 1000 - 5),
    gauge("llm_slo_agent_capability_mode", 0, { mode: "core_full" }),
    gauge("llm_slo_agent_capability_mode", 1, { mode: "bcc_degraded" }),
    gauge("llm_slo_agent_signal_enabled", 1, { signal: "dns_latency_ms" }),
    gauge("llm_slo_agent_signal_enabled", 0, { signal: "tls_handshake_ms", reason: "over budget" }),
    gauge("llm_slo_agent_cpu_overhead_pct", 1.5),
    {
      ...gauge("llm_slo_agent_dropped_events_total", 7, { reason: "ring" }),
      kind: "sum",
      temporality: TEMPORALITY.cumulative,
      monotonic: true,
    } as MetricPoint,
    gauge("something_else", 1),
  ], now);
  agents.probes([{ ...madeRun({ seconds: 1 }).probes[0]!, node: "n2" }], now - 70_000);
  const answer = agents.answer(now);
  assertEquals(validate("agents-answer/v1", answer), []);
  const [known, heard] = answer.agents;
  assertEquals([known!.node, known!.known_by, known!.heartbeat_age_s, known!.stale], ["n1", "metrics", 5, false]);
  assertEquals([known!.mode, known!.cpu_overhead_pct, known!.dropped], ["bcc_degraded", 1.5, { ring: 7 }]);
  assertEquals(known!.signals[1], { signal: "tls_handshake_ms", enabled: false, reason: "over budget" });
  assertEquals([heard!.node, heard!.known_by, heard!.stale, heard!.events], ["n2", "events", true, 1]);
  assertEquals(agents.answer(now + 120_000).agents[0]!.stale, true);
  // Its clock is two minutes behind: alive as long as its heartbeats go on.
  const beat = (atMs: number) => agents.metrics([gauge("llm_slo_agent_heartbeat", (atMs - 120_000) / 1000)], atMs);
  const stale = (atMs: number) => agents.answer(atMs).agents[0]!.stale;
  const later = now + 600_000;
  beat(later);
  beat(later + 10_000);
  assertEquals([stale(later + 10_000), stale(later + 80_000)], [false, true]);
  assert(agents.answer(later + 10_000).warnings!.some((text) => text.includes("clock of n1 is 120 s behind")));
  // The same one again, as a proxy may send it, is no sign of life.
  beat(later + 10_000);
  assertEquals(stale(later + 80_000), true);
});

Deno.test("agents as one namespace sees them: by what they told of it, or of none", () => {
  const agents = new Agents();
  const now = 1_767_225_600_000;
  const [probe] = madeRun({ seconds: 1 }).probes;
  const told = (node: string, namespace: string, n: number, atMs: number) =>
    agents.probes(Array.from({ length: n }, () => ({ ...probe!, node, namespace })), atMs);
  told("n1", "a", 2, now - 3_000);
  told("n1", "b", 3, now - 1_000);
  told("n2", "b", 1, now - 70_000);
  told("n3", "", 4, now);
  for (let i = 0; i < 1_100; i++) told("n4", `x${i}`, 1, now);
  told("n4", "a", 1, now);
  agents.metrics([{
    kind: "gauge",
    metric: {
      name: "llm_slo_agent_heartbeat",
      description: "",
      unit: "",
      resource: { "host.name": "n2", "k8s.namespace.name": "c" },
      scope: "",
    },
    ...{ attributes: {}, startNs: 0n, timeNs: 0n, flags: 0, exemplars: [], value: now / 1000 },
  }], now);
  const seen = (ns: string) =>
    agents.answer(now, ns).agents.map(({ node, events, last_event_age_s }) => [node, events, last_event_age_s]);
  assertEquals(seen("a"), [["n1", 2, 3], ["n3", 4, 0]], "of more namespaces than are told apart nobody's");
  assertEquals(seen("b"), [["n1", 3, 1], ["n2", 1, 70], ["n3", 4, 0]]);
  assertEquals(seen("c"), [["n2", 0, null], ["n3", 4, 0]], "it told of itself");
  assertEquals(seen("*"), [["n3", 4, 0]], "which is no namespace's name");
  assertEquals(seen(""), [["n1", 5, 1], ["n2", 1, 70], ["n3", 4, 0], ["n4", 1_101, 0]]);
});

Deno.test("objectives are one namespace's where no other was counted", () => {
  const counted = new CountedNamespaces("gw");
  const event = (service: string, namespace: string) => ({ service, namespace });
  counted.learn([event("gw", ""), event("other", "b")]);
  assertEquals(["", "a", "b"].map((ns) => counted.areSeenBy(ns)), [true, true, true]);
  counted.learn([event("gw", "a"), event("gw", "a")]);
  assertEquals(["", "a", "b"].map((ns) => counted.areSeenBy(ns)), [true, true, false]);
  counted.learn([event("gw", "b")]);
  assertEquals(["", "a", "b"].map((ns) => counted.areSeenBy(ns)), [true, false, false]);
});
