import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DROP_REASONS } from "../model/agent_drops.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { SIGNALS } from "../model/signals.ts";
import { missingTool, testUnless } from "../testing/unless.ts";
import { AgentMetrics, type AgentSources } from "./agent_metrics.ts";
import { metricPoints } from "./metric_points.ts";

const sources: AgentSources = {
  node: "n1",
  eventKind: "probe",
  heartbeat: () => 1_767_225_600.25,
  overheadPct: () => null,
  guardSteps: () => ({ detach: 2 }),
  mode: () => "core_full",
  off: () => new Map([["cpu_steal_pct", "no steal here"]]),
  dropped: () => ({ ring_full: 7 }),
};

function event(signal: string, value: number, more: object = {}): ProbeEvent {
  const place = { node: "n1", namespace: "", pod: "p", container: "" };
  const fields = { ts_unix_nano: 1_767_225_600_000_000_001n, signal, value, unit: "ms", status: "ok" as const };
  return { ...fields, ...place, pid: 1, tid: 1, process: { comm: "curl" }, ...more } as ProbeEvent;
}

/** Samples by `name{labels}`. */
function samples(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}

Deno.test("every metric of the contract is there from the start; what is not known has no sample", async () => {
  const metrics = new AgentMetrics(sources);
  const text = await metrics.registry.metrics();
  const found = samples(text);
  for (const reason of DROP_REASONS) {
    const value = found.get(`llm_slo_agent_dropped_events_total{reason="${reason}"}`);
    assertEquals(value, reason === "ring_full" ? 7 : 0, reason);
  }
  for (const { signal } of SIGNALS) {
    assertEquals(found.get(`llm_slo_agent_signal_enabled{signal="${signal}"}`), signal === "cpu_steal_pct" ? 0 : 1);
    for (const status of ["ok", "warning", "error"]) {
      assertEquals(found.get(`llm_ebpf_probe_events_total{signal="${signal}",status="${status}"}`), 0);
    }
  }
  assertEquals(found.get("llm_slo_agent_up"), 1);
  assertEquals(found.get('llm_slo_agent_guard_steps_total{action="detach"}'), 2);
  assertEquals(found.get('llm_slo_agent_guard_steps_total{action="restore"}'), 0);
  assertEquals(found.get("llm_slo_agent_heartbeat"), 1_767_225_600.25);
  assertEquals(found.get('llm_slo_agent_capability_mode{mode="core_full"}'), 1);
  assertEquals(found.get('llm_slo_agent_capability_mode{mode="unsupported"}'), 0);
  assertEquals(found.get('llm_slo_agent_event_kind{kind="probe"}'), 1);
  assertEquals(found.get("llm_ebpf_dns_latency_ms_count"), 0);
  for (const le of "1 2 5 10 20 40 80 120 200 400 800 +Inf".split(" ")) {
    assertEquals(found.get(`llm_ebpf_dns_latency_ms_bucket{le="${le}"}`), 0, le);
  }
  assertEquals([...found.keys()].filter((name) => /overhead|hello/.test(name)), []);
  assertMatch(text, /# TYPE llm_slo_agent_cpu_overhead_pct gauge/);
  assertMatch(text, /# TYPE llm_ebpf_hello_syscalls_total counter/);
});

Deno.test("events are counted by signal and status; DNS fills its histogram; calls are counted by program", async () => {
  const metrics = new AgentMetrics({ ...sources, overheadPct: () => 1.5 });
  metrics.told(event("dns_latency_ms", 12));
  metrics.told(event("dns_latency_ms", 150, { status: "warning" }));
  metrics.told(event("syscall_latency_ms", 60));
  metrics.told(event("syscall_latency_ms", 9, { histogram: { bounds: [1], counts: [40, 2] } }));
  metrics.told(event("no_such_signal", 1));
  for (let i = 0; i < 200; i++) metrics.told(event("syscall_latency_ms", 60, { process: { comm: `p${i}` } }));
  const found = samples(await metrics.registry.metrics());
  assertEquals(found.get('llm_ebpf_probe_events_total{signal="dns_latency_ms",status="ok"}'), 1);
  assertEquals(found.get('llm_ebpf_probe_events_total{signal="dns_latency_ms",status="warning"}'), 1);
  assertEquals(found.get('llm_ebpf_dns_latency_ms_bucket{le="20"}'), 1);
  assertEquals(found.get('llm_ebpf_dns_latency_ms_bucket{le="200"}'), 2);
  assertEquals(found.get("llm_ebpf_dns_latency_ms_sum"), 162);
  assertEquals(found.get('llm_ebpf_hello_syscalls_total{node="n1",pod="p",comm="curl"}'), 43);
  assertEquals(found.get('llm_ebpf_hello_syscalls_total{node="n1",pod="",comm="(others)"}'), 101);
  assertEquals(found.get("llm_slo_agent_cpu_overhead_pct"), 1.5);
});

Deno.test("as OpenTelemetry points: the same numbers, cumulative, bucket by bucket", async () => {
  const metrics = new AgentMetrics(sources);
  metrics.told(event("dns_latency_ms", 12));
  const points = await metricPoints(metrics.registry, { resource: {}, startNs: 1n, timeNs: 2n });
  const named = (name: string) => points.filter(({ metric }) => metric.name === name);
  const [dns] = named("llm_ebpf_dns_latency_ms");
  if (dns?.kind !== "histogram") throw new Error("no histogram");
  assertEquals([dns.bounds.length, dns.counts.join(""), dns.sum, dns.count, dns.temporality], [
    11,
    "000010000000",
    12,
    1,
    2,
  ]);
  assertEquals(named("llm_slo_agent_dropped_events_total").length, DROP_REASONS.length);
  const [drop] = named("llm_slo_agent_dropped_events_total");
  assertEquals([drop?.kind, drop?.attributes, drop?.startNs, drop?.timeNs], ["sum", { reason: "ring_full" }, 1n, 2n]);
  assertEquals(named("llm_slo_agent_cpu_overhead_pct"), []);
});

/** The contract's own names; nothing else may be found fault with. */
const KNOWN_LINT = /^llm_ebpf_dns_latency_ms |^$/;

testUnless(
  await missingTool("promtool", "Debian: apt-get install prometheus"),
  "promtool reads the page, and finds no fault but with a unit the contract names",
  async () => {
    const metrics = new AgentMetrics({ ...sources, overheadPct: () => 0.25 });
    metrics.told(event("dns_latency_ms", 12));
    metrics.told(event("syscall_latency_ms", 60, { process: { comm: 'odd "name"\\\n' } }));
    const child = new Deno.Command("promtool", { args: ["check", "metrics"], stdin: "piped", stderr: "piped" }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(await metrics.registry.metrics()));
    await writer.close();
    const { stderr } = await child.output();
    const text = new TextDecoder().decode(stderr);
    assertEquals(text.split("\n").filter((line) => !KNOWN_LINT.test(line)), []);
    assertStringIncludes(text + "llm_ebpf_dns_latency_ms ", "llm_ebpf_dns_latency_ms ");
  },
);
