import { assertEquals } from "@std/assert";
import { capabilityMode, notReady, signalsOff } from "./agent_health.ts";

Deno.test("ready: probes are attached and the last sample is fresh", () => {
  const table: [string[], number, string | null][] = [
    [["dns_latency"], 0.5, null],
    [["dns_latency"], 5, null],
    [["dns_latency"], 7.2, "the last sample is 7 s old"],
    [[], 0, "no probe is attached"],
  ];
  for (const [attached, age, expected] of table) assertEquals(notReady(attached, age), expected);
});

Deno.test("a signal is off when its probe is, when it was switched off, or when the kernel cannot tell it", () => {
  const missing = [
    { probe: "tls_handshake", reason: "no hook", costs: "" },
    { probe: "stream", reason: "in part: no BTF", costs: "" },
    { probe: "socket_wait_ms", reason: "since 6.3", costs: "" },
    { probe: "cfs_throttled_ms", reason: "told by control group", costs: "" },
  ];
  const attached = ["dns_latency", "connect_latency", "stream", "tcp_retransmit", "runqueue_delay", "mem_reclaim"];
  const off = signalsOff(attached, missing, new Set(["dns_errors_total"]));
  assertEquals(Object.fromEntries(off), {
    dns_errors_total: "switched off by --disable-signals",
    socket_wait_ms: "since 6.3",
    tls_handshake_ms: "no hook",
    tls_handshake_fail_total: "no hook",
    cpu_steal_pct: "its probe is not attached",
    disk_io_latency_ms: "its probe is not attached",
    syscall_latency_ms: "its probe is not attached",
  });
});

Deno.test("the mode is that of the probes, as long as there are any", () => {
  assertEquals(capabilityMode(["dns_latency", "stream"], "bcc_degraded"), "bcc_degraded");
  assertEquals(capabilityMode(["dns_latency", "tcp_retransmit"], "core_full"), "core_full");
  for (const attached of [[], ["cpu_steal"]]) assertEquals(capabilityMode(attached, "core_full"), "unsupported");
});
