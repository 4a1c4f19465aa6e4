import { assertEquals, assertThrows } from "@std/assert";
import { type SloctlError, UnsupportedError, UsageError } from "../model/errors.ts";
import { AGENT_DEFAULTS } from "../testing/agent_defaults.ts";
import { type AgentOptions, type AgentPlan, planAgent, switchedOff } from "./agent_options.ts";

Deno.test("planAgent: --for alone is a diagnosis, an output is a stream of events", () => {
  const table: [Partial<AgentOptions>, string | null][] = [
    [{}, null],
    [{ forMs: 5000 }, null],
    [{ forMs: 5000, wantsEvents: true }, null],
    [{ wantsEvents: true }, "-"],
    [{ output: "stdout" }, "-"],
    [{ output: "stdout", outputPath: "-" }, "-"],
    [{ forMs: 5000, output: "stdout" }, "-"],
    [{ output: "jsonl", outputPath: "x.jsonl" }, "x.jsonl"],
    [{ output: "jsonl", outputPath: "-" }, "-"],
    [{ forMs: 5000, outputPath: "x.jsonl" }, "x.jsonl"],
  ];
  for (const [given, expected] of table) assertEquals(planAgent({ ...AGENT_DEFAULTS, ...given }).eventsTo, expected);
});

Deno.test("planAgent opens the usual port for a service alone, and any that is asked for", () => {
  const usual = { address: "127.0.0.1:2112", asked: false };
  const table: [Partial<AgentOptions>, AgentPlan["metricsPort"]][] = [
    [{}, null],
    [{ forMs: 5000 }, null],
    [{ forMs: 5000, metricsBind: ":9" }, { address: ":9", asked: true }],
    [{ output: "stdout" }, usual],
    [{ output: "otlp" }, usual],
    [{ output: "otlp", forMs: 5000 }, null],
    [{ output: "stdout", count: 3 }, null],
    [{ output: "stdout", metricsBind: "off" }, null],
  ];
  for (const [given, port] of table) assertEquals(planAgent({ ...AGENT_DEFAULTS, ...given }).metricsPort, port);
  assertEquals([planAgent({ ...AGENT_DEFAULTS, output: "otlp" }).mode, planAgent(AGENT_DEFAULTS).mode], [
    "events",
    "diagnosis",
  ]);
});

Deno.test("planAgent says whom it watches", () => {
  const table: [Partial<AgentOptions>, string][] = [
    [{}, "every process"],
    [{ pids: ["1", "22"] }, "--pid 1,22"],
    [{ pids: ["1"], comm: "curl", cgroups: ["/a", "/b"] }, "--pid 1 --comm curl --cgroup /a,/b"],
  ];
  for (const [given, expected] of table) assertEquals(planAgent({ ...AGENT_DEFAULTS, ...given }).targets, expected);
});

Deno.test("planAgent leaves a probe out when all its signals are disabled", () => {
  const all = planAgent(AGENT_DEFAULTS).probes;
  const one = planAgent({ ...AGENT_DEFAULTS, disabledSignals: ["dns_latency_ms", "cpu_steal_pct"] });
  assertEquals([one.probes, [...one.disabled]], [all, ["dns_latency_ms", "cpu_steal_pct"]]);
  const both = planAgent({ ...AGENT_DEFAULTS, disabledSignals: ["dns_latency_ms", "dns_errors_total"] });
  assertEquals(both.probes, all.filter((probe) => probe !== "dns_latency"));
  assertEquals(switchedOff(both).map(({ probe }) => probe), ["dns_latency"]);
});

Deno.test("planAgent refuses what makes no sense and what is not built", () => {
  const table: [Partial<AgentOptions>, typeof UsageError | typeof UnsupportedError, string][] = [
    [{ forMs: 0 }, UsageError, "nothing to see"],
    [{ count: -1 }, UsageError, "negative"],
    [{ pids: ["0"] }, UsageError, 'pid "0"'],
    [{ pids: ["12x"] }, UsageError, 'pid "12x"'],
    [{ output: "jsonl" }, UsageError, "--output-path is missing"],
    [{ output: "stdout", outputPath: "x" }, UsageError, "--output says stdout"],
    [{ disabledSignals: ["dns"] }, UsageError, 'signal "dns"'],
    [{ output: "otlp", outputPath: "x" }, UsageError, "--output says otlp"],
    [{ source: "replay" }, UsageError, "no recording is named"],
    [{ input: "x" }, UsageError, "the source is kernel"],
    [{ source: "replay", input: "x", record: 60_000 }, UsageError, "Cannot record"],
    [{ source: "replay", input: "x", output: "otlp" }, UsageError, "over OTLP"],
    [{ record: 0 }, UsageError, "above 0"],
    [{ record: 121 * 60_000 }, UsageError, "at most 120"],
    [{ eventKind: "slo" }, UnsupportedError, "made from spans"],
  ];
  for (const [given, kind, text] of table) {
    const error: SloctlError = assertThrows(() => planAgent({ ...AGENT_DEFAULTS, ...given }), kind, text);
    assertEquals(/^Cannot /.test(error.message) && /^[A-Z]\w+ /.test(error.hint ?? ""), true, error.message);
  }
});
