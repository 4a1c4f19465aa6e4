import { assert, assertEquals } from "@std/assert";
import type { LogRecord } from "../model/log_record.ts";
import { DOUBLES, type Span } from "../model/span.ts";
import { madeRun } from "../testing/telemetry.ts";
import { CHUNK_ENTRIES, encodeChunk, encodeChunks, traceKey } from "./chunk.ts";
import { logEntry, probeEntry, spanEntry } from "./entries.ts";
import { openChunk } from "./open_chunk.ts";
import type { NewEntry } from "./store.ts";

const { spans, probes } = madeRun({ seconds: 20 });

function back(entries: readonly NewEntry[]): NewEntry[] {
  return encodeChunks(entries).flatMap(({ body }) => {
    const lines = openChunk(body, 1);
    return Array.from({ length: lines.length }, (_, i) => {
      const { commitSeq: _seq, ...entry } = lines.entry(i);
      return entry as NewEntry;
    });
  });
}

Deno.test("a chunk gives every entry back as it was", () => {
  const odd: Span = {
    ...spans[0]!,
    name: 'new\nline " \u2028',
    resourceDetails: { schemaUrl: "u", droppedAttributes: 1 },
    scopeDetails: { version: "1", attributes: { big: 1n << 63n } },
    attributes: Object.assign({ a: 2, b: new Uint8Array([1]), n: NaN, $x: 1 }, { [DOUBLES]: new Set(["a"]) }),
    events: [{ name: "e", timeNs: 5n, attributes: { deep: [{ x: 1n }] } }],
    links: [{ traceId: "AB", spanId: "CD", attributes: {} }],
    traceState: "a=b",
    flags: 1,
  };
  const log: LogRecord = {
    resource: spans[0]!.resource,
    scope: "s",
    timeNs: (1n << 64n) - 1n,
    observedNs: 0n,
    severity: 17,
    severityText: "",
    eventName: "",
    body: { a: 1n },
    attributes: {},
    traceId: "",
    spanId: "",
  };
  const entries = [...spans.map((span) => spanEntry(span, 10)), spanEntry(odd, 99), logEntry(log, 3)];
  entries.push(...probes.map((probe) => probeEntry(probe, 7)));
  assertEquals(back(entries), entries);
});

Deno.test("a chunk is bounded, knows its traces, and can be cut", () => {
  const chunks = encodeChunks(spans.map((span) => spanEntry(span, 10)));
  assertEquals(chunks.map(({ entries }) => entries), [64, 64, 64, spans.length - 3 * CHUNK_ENTRIES]);
  const [chunk] = chunks;
  assert(chunk!.traces.includes(traceKey(spans[0]!.traceId)));
  const lines = openChunk(chunk!.body, 1);
  assertEquals(lines.spanKey(3), spans[3]!.traceId + spans[3]!.spanId);
  assertEquals([...lines.traceKeys()].sort(), [...chunk!.traces].sort());
  const whole = openChunk(encodeChunk(spans.map((span) => spanEntry(span, 10))).body, 1);
  assertEquals(whole.length, spans.length);
  assertEquals(whole.entry(3), lines.entry(3));
  assertEquals(traceKey("no hex at all"), 0);
});
