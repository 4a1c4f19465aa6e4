import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseSloFile } from "./slo_file.ts";
import { type CompileOptions, compileSource } from "./source.ts";

const DEFAULT: CompileOptions = { nameStyle: "suffixed", snap: null };

function compile(sli: string, options: Partial<CompileOptions> = {}) {
  const text = `service: gw\nslos:\n  - name: one\n    objective: "0.99"\n    sli: ${sli}\n`;
  return compileSource(parseSloFile(text, "f.yaml").slos[0]!, { ...DEFAULT, ...options });
}

function counters(sli: string, options: Partial<CompileOptions> = {}): [string, string] {
  const found = compile(sli, options);
  if ("state" in found) throw new Error(`${sli}: ${found.state}`);
  return [found.good, found.total];
}

Deno.test("how good and all events are counted", () => {
  const rows: [string, string, string][] = [
    [
      "status == ok",
      'llm_slo_good_events_total{service="gw",slo="one"}',
      'llm_slo_events_total{service="gw",slo="one"}',
    ],
    [
      "status == ok and ttft_ms <= 333ms",
      'llm_slo_good_events_total{service="gw",slo="one"}',
      'llm_slo_events_total{service="gw",slo="one"}',
    ],
    ["ttft_ms <= 800ms", 'llm_slo_ttft_ms_bucket{le=~"800(\\\\.0)?"}', "llm_slo_ttft_ms_count"],
    [
      "{ predicate: server.ttft <= 0.25s, labels: { job: vllm } }",
      'gen_ai_server_time_to_first_token_seconds_bucket{job="vllm",le="0.25"}',
      'gen_ai_server_time_to_first_token_seconds_count{job="vllm"}',
    ],
    [
      "{ predicate: server.e2e <= 2s, metric: ai_request_duration_seconds }",
      'ai_request_duration_seconds_bucket{le=~"2(\\\\.0)?"}',
      "ai_request_duration_seconds_count",
    ],
    [
      "{ predicate: server.e2e <= 3s, metric: 'vllm:e2e_request_latency_seconds', bounds: [1, 3, 10] }",
      'vllm:e2e_request_latency_seconds_bucket{le=~"3(\\\\.0)?"}',
      "vllm:e2e_request_latency_seconds_count",
    ],
    [
      "{ predicate: ttft_ms <= 333ms, metric: llm_slo_events_total }",
      'llm_slo_good_events_total{service="gw",slo="one"}',
      'llm_slo_events_total{service="gw",slo="one"}',
    ],
    [`{ good: 'a{code="200"}', total: a }`, 'a{code="200"}', "a"],
    [`{ good: 'h_bucket{le="1"}', total: h_count }`, 'h_bucket{le=~"1(\\\\.0)?"}', "h_count"],
    [`{ good: 'h_bucket{le="5e6"}', total: h_count }`, 'h_bucket{le=~"5000000(\\\\.0)?|5e\\\\+06"}', "h_count"],
    [
      `{ good: 'h_bucket{le="2500000"}', total: h_count }`,
      'h_bucket{le=~"2500000(\\\\.0)?|2\\\\.5e\\\\+06"}',
      "h_count",
    ],
    [
      "{ good: 'sum(rate(a[$window]))', total: 'sum(rate(b[$window]))' }",
      "sum(rate(a[$window]))",
      "sum(rate(b[$window]))",
    ],
  ];
  for (const [sli, good, total] of rows) assertEquals(counters(sli), [good, total], sli);
});

Deno.test("names of OpenTelemetry's metrics, in three styles", () => {
  const good = (nameStyle: CompileOptions["nameStyle"]) => counters("server.ttft <= 500ms", { nameStyle })[0];
  assertEquals(good("suffixed"), 'gen_ai_server_time_to_first_token_seconds_bucket{le="0.5"}');
  assertEquals(good("bare"), 'gen_ai_server_time_to_first_token_bucket{le="0.5"}');
  assertEquals(good("utf8"), '{"gen_ai.server.time_to_first_token_bucket",le="0.5"}');
  for (const nameStyle of ["suffixed", "bare", "utf8"] as const) {
    assertEquals(counters("ttft_ms <= 800ms", { nameStyle })[1], "llm_slo_ttft_ms_count", "our own names stay");
  }
});

Deno.test("a limit off the bucket bounds is refused, or moved and said so", () => {
  // Of the preset thresholds only 500 is a server bound, and none is a client bound.
  for (const ms of [200, 300, 450, 500, 600, 1500, 2000, 3000, 4500, 6000]) {
    assertEquals("state" in compile(`server.ttft <= ${ms}ms`), ms !== 500, `${ms}`);
    assert("state" in compile(`ttft.content.from_send <= ${ms}ms`), `${ms}`);
    assert(!("state" in compile(`ttft_ms <= ${ms}ms`)), `${ms}: ours have every preset`);
  }
  const refused = compile("server.ttft <= 300ms");
  assert("state" in refused);
  assertStringIncludes(refused.state, "0.3 s, which is no bucket bound of gen_ai.server.time_to_first_token");
  assertStringIncludes(refused.state, "next below: 0.25 s, above: 0.5 s");
  assertStringIncludes(refused.hint, "--snap up");
  for (const [snap, bound] of [["up", "0.5"], ["down", "0.25"]] as const) {
    const moved = compile("server.ttft <= 300ms", { snap });
    assert(!("state" in moved));
    assertStringIncludes(moved.good, `le="${bound}"`);
    assertStringIncludes(moved.notes[0]!, `limit 0.3 s moved ${snap} to the bucket bound ${bound} s`);
  }
  const beyond = compile("server.ttft <= 20s", { snap: "up" });
  assert("state" in beyond && beyond.state.includes("above: none"));
  const written = compile(`{ good: 'gen_ai_server_time_to_first_token_seconds_bucket{le="0.3"}', total: x }`);
  assert("state" in written && written.field.join(".") === "sli.good");
});

Deno.test("what cannot be counted is refused", () => {
  const rows: [string, string][] = [
    ["ttft.content.from_schedule <= 800ms", "which no metric counts and no span measures"],
    ["{ predicate: status == ok and ttft_ms <= 800ms, metric: llm_slo_ttft_ms }", "counts one limit"],
    ["{ predicate: server.ttft <= 1s, metric: foo }", "does not say its unit"],
    ["{ predicate: server.ttft <= 1s, metric: foo_seconds }", "has bucket bounds that are not known"],
    ["{ predicate: tool_call_success >= 1, metric: foo_seconds, bounds: [1] }", "counts time"],
  ];
  for (const [sli, state] of rows) {
    const found = compile(sli);
    assert("state" in found, sli);
    assertStringIncludes(found.state, state);
  }
});
