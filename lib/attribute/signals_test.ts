import { assert, assertEquals } from "@std/assert";
import { bayesVerdict, ruleVerdict, type Signals } from "./signals.ts";

Deno.test("rule: the signal furthest above its threshold names the domain", () => {
  const rows: [Signals, string][] = [
    [{}, "unknown"],
    [{ dns_latency_ms: 39.9 }, "unknown"],
    [{ dns_latency_ms: 40 }, "network_dns"],
    [{ dns_latency_ms: 120, cfs_throttled_ms: 400 }, "cpu_throttle"],
    [{ dns_latency_ms: 800, cfs_throttled_ms: 400 }, "network_dns"],
    [{ disk_io_latency_ms: 500 }, "unknown"],
    [{ something_new: 1e9 }, "unknown"],
  ];
  for (const [signals, domain] of rows) assertEquals(ruleVerdict(signals).domain, domain, JSON.stringify(signals));
});

Deno.test("bayes: the fixed table answers as such tables do, faults included", () => {
  const quota = { cfs_throttled_ms: 200 };
  const rows: [Signals, string, number, number][] = [
    [{}, "unknown", 0.6, 0.85],
    [{ tcp_retransmits_total: 5 }, "unknown", 0.55, 0.85],
    [quota, "unknown", 0.4, 0.85],
    [{ disk_io_latency_ms: 100 }, "retrieval_backend", 0.5, 0.8],
    [{ syscall_latency_ms: 100 }, "retrieval_backend", 0.4, 0.7],
    [{ dns_latency_ms: 100, ...quota }, "network_dns", 0.5, 1],
    [{ dns_latency_ms: 100, runqueue_delay_ms: 20, cpu_steal_pct: 5, ...quota }, "cpu_throttle", 0.9, 1],
  ];
  for (const [signals, domain, low, high] of rows) {
    const verdict = bayesVerdict(signals);
    const label = `${JSON.stringify(signals)} ${JSON.stringify(verdict.hypotheses.slice(0, 3))}`;
    assertEquals(verdict.domain, domain, label);
    assert(verdict.confidence >= low && verdict.confidence <= high, label);
  }
  const egress = bayesVerdict({ tcp_retransmits_total: 5 }).hypotheses.slice(0, 3).map((h) => h.domain);
  assert(!egress.includes("network_egress"), "the canonical egress fault is not even among the first three");
});
