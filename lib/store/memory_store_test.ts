import { assert, assertEquals } from "@std/assert";
import { storeSuite } from "../testing/store_suite.ts";
import { madeRun } from "../testing/telemetry.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import { incidentEntry, spanEntry } from "./entries.ts";
import { MemoryStore } from "./memory_store.ts";

storeSuite("MemoryStore", { place: () => null, open: () => new MemoryStore() });

Deno.test("MemoryStore: the oldest go when it is full, by number or by size, and are counted", async () => {
  const { spans } = madeRun({ seconds: 20 });
  for (const limits of [{ entries: 50 }, { bytes: 500 }]) {
    await using store = new MemoryStore(limits);
    for (const span of spans) await store.append([spanEntry(span, 10)]);
    const { first, last, held, evicted, bytes } = store.state();
    assertEquals([first, last, held.span, evicted.span, bytes], [151, 200, 50, 150, 500]);
    assertEquals((await store.after(0, 1000)).map(({ commitSeq }) => commitSeq)[0], 151);
    assertEquals(await store.ofTrace(spans[0]!.traceId), []);
    assertEquals((await store.ofTrace(spans[199]!.traceId)).length, 2);
    assertEquals(await store.byId("span", spans[0]!.spanId), null);
    assert(await store.byId("span", spans[199]!.spanId) !== null);
  }
  await using tiny = new MemoryStore({ bytes: 5 });
  await tiny.append(spans.slice(0, 3).map((span) => spanEntry(span, 10)));
  assertEquals((await tiny.after(0, 9)).map(({ commitSeq }) => commitSeq), [3], "the newest stays");
});

Deno.test("MemoryStore: an incident outlives the flood that came after it", async () => {
  const { spans } = madeRun({ seconds: 20 });
  const incident = { incident_id: "i1", timestamp: "2026-01-01T00:00:00Z", service: "gw" } as IncidentAttribution;
  await using store = new MemoryStore({ entries: 50 });
  await store.append([incidentEntry(incident, 10)]);
  await store.append(spans.map((span) => spanEntry(span, 10)));
  assertEquals((await store.newest(9, { kinds: ["incident"] })).map(({ commitSeq }) => commitSeq), [1]);
  assertEquals((await store.byId("incident", "i1"))?.commitSeq, 1);
  assertEquals([store.state().held.incident, store.state().evicted.incident], [1, 0]);
});

Deno.test("MemoryStore: one trace of very many entries costs no more than many traces", async () => {
  const [span] = madeRun({ seconds: 1 }).spans;
  await using store = new MemoryStore({ entries: 1000 });
  for (let i = 0; i < 50_000; i++) await store.append([spanEntry(span!, 10)]);
  const trace = await store.ofTrace(span!.traceId);
  assertEquals([trace.length, trace[0]!.commitSeq, trace.at(-1)!.commitSeq], [1000, 49_001, 50_000]);
});
