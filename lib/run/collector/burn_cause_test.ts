import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Attributes, Span } from "../../model/span.ts";
import { sloFile } from "../../testing/slo.ts";
import { madeRun } from "../../testing/telemetry.ts";
import { burnCause, type BurnCauseInput } from "./burn_cause.ts";

const [TTFT] = sloFile(["sli: ttft_ms <= 150ms"]).slos;
const [LATENCY] = sloFile(["sli: request_latency_ms <= 250ms"]).slos;
const [quick, slow] = [madeRun({ seconds: 60, slowFrom: 60 }), madeRun({ seconds: 60, slowFrom: 0 })];
/** One request in ten has a slow look-up: two spans and four kernel events a request. */
const isSlow = (request: number) => request % 10 === 0;
const spans = quick.spans.map((span, i) => isSlow(Math.floor(i / 2)) ? slow.spans[i]! : span);
const probes = quick.probes.map((probe, i) => isSlow(Math.floor(i / 4)) ? slow.probes[i]! : probe);
const idsOf = (list: readonly Span[]) =>
  new Set(list.filter((_, i) => isSlow(Math.floor(i / 2))).map(({ traceId }) => traceId));
const epochNs = spans[0]!.startNs;
const input: BurnCauseInput = { slo: TTFT!, broken: idsOf(spans), sinceNs: epochNs, epochNs, spans, probes };

Deno.test("what one request in ten waits for is the cause, against those of the same time that did not", () => {
  const told = burnCause(input);
  assertEquals([told.predicted_fault_domain, told.requests], ["network_dns", { incident: 30, baseline: 270 }]);
  assert(told.confidence > 0 && told.excess_ms! > 140 && told.split!.excess.dns! > 140);
  const dns = told.evidence.find(({ signal }) => signal === "dns_latency_ms");
  assert(dns!.value > 140 && dns!.source === "ebpf");
  assertEquals(burnCause({ ...input, slo: LATENCY! }).predicted_fault_domain, "network_dns");
});

Deno.test("what does not stand out is unknown, and says why", () => {
  const few = new Set([...input.broken].slice(0, 3));
  const other = new Set(spans.filter((_, i) => Math.floor(i / 2) % 10 === 5).map(({ traceId }) => traceId));
  // Longer by two seconds behind the first token.
  const long = spans.map((span) =>
    input.broken.has(span.traceId) ? { ...span, endNs: span.endNs + 2_000_000_000n } : span
  );
  const rows: [string, Partial<BurnCauseInput>][] = [
    ["no kernel event came", { probes: [] }],
    ["none of the requests that broke it is held", { spans: [] }],
    ["none of the requests that broke it is held", { sinceNs: epochNs + 3_600_000_000_000n }],
    ["the kernel saw 3 requests that broke it", { broken: few }],
    ["no later than those that kept it", { broken: other }],
    ["most of it after their first token", { slo: LATENCY!, spans: long }],
  ];
  for (const [reason, part] of rows) {
    const told = burnCause({ ...input, ...part });
    assertEquals([told.predicted_fault_domain, told.confidence, told.evidence], ["unknown", 0, []], reason);
    assertStringIncludes(told.unknown_reason!, reason);
  }
});

Deno.test("requests that failed: by what their calls answered", () => {
  const failing = (attributes: Attributes) =>
    spans.map((span) =>
      input.broken.has(span.traceId)
        ? { ...span, statusCode: 2, attributes: { ...span.attributes, ...(span.kind === 3 ? attributes : {}) } }
        : span
    );
  const rows: [Attributes, string][] = [
    [{ "http.response.status_code": 429n }, "provider_throttle"],
    [{ "error.type": "RateLimitError" }, "provider_throttle"],
    [{ "error.type": "openai.RateLimitError" }, "provider_throttle"],
    [{ "error.type": "503" }, "provider_error"],
    [{ "error.type": "APIConnectionError" }, "provider_error"],
  ];
  for (const [attributes, domain] of rows) {
    const told = burnCause({ ...input, spans: failing(attributes) });
    assertEquals(
      [told.predicted_fault_domain, told.requests?.incident],
      [domain, 30],
      String(Object.values(attributes)[0]),
    );
  }
  const errors = probes.filter((_, i) => i % 4 === 0 && isSlow(i / 4)).map((probe) => ({
    ...probe,
    signal: "dns_errors_total" as const,
    value: 1,
    unit: "count" as const,
  }));
  const told = burnCause({ ...input, spans: failing({}), probes: errors });
  assertEquals(told.predicted_fault_domain, "network_dns");
  assertEquals(told.evidence, [{ signal: "dns_errors_total", value: 30, source: "ebpf" }]);
});
