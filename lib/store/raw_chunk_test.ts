import { assert, assertEquals, assertThrows } from "@std/assert";
import { joinRoomy } from "../model/roomy.ts";
import type { Span } from "../model/span.ts";
import { decodeTraces, encodeTraces, type Encoding } from "../otlp/mod.ts";
import { scanTraces, type SpanRequest } from "../otlp/scan_traces.ts";
import { distinctSpans, take } from "../testing/collector_process.ts";
import { traceKey } from "./chunk.ts";
import { spanEntry } from "./entries.ts";
import { diffJournals } from "./journal_diff.ts";
import { databasePath } from "./journal_db.ts";
import { restoreJournal } from "./journal_restore.ts";
import { JournalStore } from "./journal_store.ts";
import { verifyJournal } from "./journal_verify.ts";
import { openChunk } from "./open_chunk.ts";
import { fitting, rawChunk } from "./raw_chunk.ts";

function request(spans: readonly Span[], encoding: Encoding): SpanRequest {
  const body = encodeTraces(spans, encoding);
  return { encoding, body, scanned: scanTraces(body, encoding)! };
}

Deno.test("requests put together give every span back, under the names it was sent with and with those it implies", () => {
  const spans = take(distinctSpans(), 9).map((span, i): Span => ({
    ...span,
    attributes: i === 4 ? { "gen_ai.usage.prompt_tokens": 5 } : span.attributes,
  }));
  const requests = [request(spans.slice(0, 4), "protobuf"), request(spans.slice(4), "protobuf")];
  const made = rawChunk(requests);
  const chunk = openChunk(made.body, 11);
  assertEquals([chunk.length, chunk.first, made.entries, made.counts[0]], [9, 11, 9, 9]);
  const sent = requests.flatMap(({ body, encoding }) => decodeTraces(body, encoding).spans);
  spans.forEach((span, i) => {
    const entry = chunk.sent(i);
    assertEquals([entry.commitSeq, entry.kind, entry.document], [11 + i, "span", sent[i]!]);
    assertEquals(chunk.spanKey(i), span.traceId + span.spanId);
    assert(chunk.mayBeOf(i, span.traceId) && !chunk.mayBeOf(i, "f".repeat(32)));
  });
  const { document } = chunk.entry(4) as { document: Span };
  assertEquals(document.attributes, { "gen_ai.usage.prompt_tokens": 5, "gen_ai.usage.input_tokens": 5 });
  assertEquals([...made.traces], spans.map(({ traceId }) => traceKey(traceId)));
  assertEquals([...chunk.traceKeys()], [...made.traces]);
  for (const broken of [made.body.slice(0, 3), made.body.slice(0, 30), made.body.with(4, 200)]) {
    assertThrows(() => openChunk(broken, 1).entry(0), TypeError);
  }
});

Deno.test("a body with room before it becomes the chunk, and is the same as one that is copied", () => {
  const spans = take(distinctSpans(), 20);
  const one = request(spans, "json");
  const copied = rawChunk([one]);
  const body = joinRoomy([one.body.subarray(0, 100), one.body.subarray(100)], one.body.length);
  const made = rawChunk([{ ...one, body }]);
  assertEquals(made.body.buffer, body.buffer);
  assertEquals(made, copied);
  assertEquals(openChunk(made.body, 1).spanKey(19), spans[19]!.traceId + spans[19]!.spanId);
});

Deno.test("what is put together is bounded; one that is larger stands alone", () => {
  const small = request(take(distinctSpans(), 1), "protobuf");
  const large: SpanRequest = { ...small, body: new Uint8Array(100_000) };
  assertEquals(fitting([small, small, large, small], 0), 2);
  assertEquals(fitting([small, small, large, small], 2), 1);
  assertEquals(fitting(Array(1000).fill(small), 0), 256);
});

Deno.test("requests in a journal: found by trace while they are indexed, restored in their middle, what was judged is known", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sloctl-journal-" });
  try {
    const open = () =>
      JournalStore.open({
        dir,
        synchronous: "OFF",
        leaseMs: 10_000,
        owner: "a test",
        retainMs: Infinity,
        retainBytes: Infinity,
      });
    const made = distinctSpans();
    const spans = take(made, 40_000);
    {
      await using store = await open();
      await store.append(take(made, 3).map((span) => spanEntry(span, 10)));
      for (let from = 0; from < spans.length;) {
        const some = Array.from({ length: 20 }, () => request(spans.slice(from, from += 100), "protobuf"));
        await Promise.all(some.map((one) => store.appendRequest(one)));
        const { traceId, spanId } = spans[from - 150]!;
        assertEquals((await store.ofTrace(traceId)).map((entry) => entry.spanId), [spanId]);
      }
      assertEquals(verifyJournal(databasePath(dir)).problems, [], "in the middle of it");
      store.judged(20_000);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await store.append(take(made, 1).map((span) => spanEntry(span, 10)));
      for (const i of [0, 9_999, 39_999]) assertEquals((await store.ofTrace(spans[i]!.traceId)).length, 1);
    }
    await using store = await open();
    assertEquals([store.judgedUpTo, store.state().last], [20_000, 40_004]);
    const [next] = await store.unjudged(20_000, 1);
    assertEquals([next!.commitSeq, next!.spanId], [20_001, spans[20_001 - 4]!.spanId]);
    for (const from of [20_000, 20_064, 20_128, 20_192, 20_000]) {
      const some = await store.unjudged(from, 64);
      assertEquals(some.map(({ commitSeq }) => commitSeq), Array.from({ length: 64 }, (_, i) => from + 1 + i));
      assertEquals(some.at(-1)!.spanId, spans[from + 64 - 4]!.spanId);
    }
    assertEquals((await store.ofTrace(spans[123]!.traceId)).length, 1);
    const to = `${dir}/restored`;
    await restoreJournal({ dir, at: { seq: 12_345 }, to, from: undefined });
    assertEquals(verifyJournal(databasePath(to)).problems, []);
    const difference = diffJournals(databasePath(dir), databasePath(to));
    assertEquals(difference, { only_in_a: [[12_346, 40_004]], only_in_b: [], different: [] });
    await store.trim(30_000);
    assertEquals(verifyJournal(databasePath(dir)).problems, []);
    assertEquals(await store.ofTrace(spans[123]!.traceId), []);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
