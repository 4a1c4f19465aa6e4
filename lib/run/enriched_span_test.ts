import { assert, assertEquals } from "@std/assert";
import { decodeTraces, encodeTraces } from "../otlp/mod.ts";
import { madeRun } from "../testing/telemetry.ts";
import { enrichedSpan } from "./enriched_span.ts";

Deno.test("what is found is added, what the span says stands, measures are doubles and counts are not", () => {
  const [made] = madeRun({ seconds: 1 }).spans;
  const span = { ...made!, attributes: { "llm.slo.ttft_ms": 7, own: 2 } };
  assert(enrichedSpan(span, {}) === span);
  assert(enrichedSpan(span, { "llm.slo.ttft_ms": 9 }) === span);
  const added = { "llm.ebpf.dns.latency_ms": 3, "llm.ebpf.tcp.retransmits": 4, "llm.ebpf.tcp.retry_storm": true };
  const bytes = encodeTraces([enrichedSpan(span, { ...added, "llm.slo.ttft_ms": 9 })], "json");
  const { attributes } = JSON.parse(new TextDecoder().decode(bytes)).resourceSpans[0].scopeSpans[0].spans[0];
  const said = Object.fromEntries(attributes.map(({ key, value }: { key: string; value: unknown }) => [key, value]));
  assertEquals(said, {
    "llm.ebpf.dns.latency_ms": { doubleValue: 3 },
    "llm.ebpf.tcp.retransmits": { intValue: "4" },
    "llm.ebpf.tcp.retry_storm": { boolValue: true },
    "llm.slo.ttft_ms": { intValue: "7" },
    own: { intValue: "2" },
  });
  // A span that is received and enriched keeps the doubles it came with.
  const [again] = decodeTraces(bytes, "json").spans;
  const twice = encodeTraces([enrichedSpan(again!, { more: 1 })], "json");
  assert(new TextDecoder().decode(twice).includes('"llm.ebpf.dns.latency_ms","value":{"doubleValue":3}'));
});
