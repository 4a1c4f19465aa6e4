import { assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { IoError } from "../model/errors.ts";
import { testFolders } from "../testing/folders.ts";
import { storeSuite } from "../testing/store_suite.ts";
import { madeRun } from "../testing/telemetry.ts";
import { spanEntry } from "./entries.ts";
import { databasePath } from "./journal_db.ts";
import { type JournalOptions, JournalStore } from "./journal_store.ts";

const { spans } = madeRun({ seconds: 40 });
const entries = spans.map((span) => spanEntry(span, 10));

const options = (dir: string, more: Partial<JournalOptions> = {}): JournalOptions => ({
  dir,
  synchronous: "FULL",
  leaseMs: 10_000,
  owner: "a test",
  retainMs: Infinity,
  retainBytes: Infinity,
  ...more,
});
const folder = testFolders("sloctl-journal-");

storeSuite("JournalStore", {
  place: folder,
  open: (dir) => JournalStore.open(options(dir)),
  replace: (dir) => {
    {
      // As the clock would have it after so long a silence.
      using db = new DatabaseSync(databasePath(dir), { timeout: 5_000 });
      db.exec("UPDATE lease SET until_ms = 0");
    }
    return JournalStore.open(options(dir));
  },
});

Deno.test("JournalStore: what was appended is there after a restart, to the sequence and the digest", async () => {
  const dir = folder();
  let digest: string;
  {
    await using store = await JournalStore.open(options(dir));
    await Promise.all(entries.map((entry) => store.append([entry])));
    await store.append([], { key: "k", digest: "d", type: "t", answer: new Uint8Array([7]) });
    ({ digest } = store);
  }
  await using store = await JournalStore.open(options(dir));
  const { first, last, held, indexes } = store.state();
  assertEquals([first, last, held.span, indexes, store.digest], [1, entries.length, entries.length, "READY", digest]);
  const all = await store.after(0, 10_000);
  assertEquals(all.map(({ document }) => document), [...spans]);
  assertEquals(all.map(({ commitSeq }) => commitSeq), spans.map((_, i) => i + 1));
  assertEquals((await store.receipt("k"))?.answer, new Uint8Array([7]));
  assertEquals(store.spanKeys(3), spans.slice(-3).map(({ traceId, spanId }) => traceId + spanId));
  assertEquals(await store.append([entries[0]!]), { first: last + 1, last: last + 1 });
});

Deno.test("JournalStore: a second writer is refused by name, and welcome when the first has gone", async () => {
  const dir = folder();
  {
    await using _first = await JournalStore.open(options(dir, { owner: "pid 7 on h" }));
    await assertRejects(() => JournalStore.open(options(dir)), IoError, "pid 7 on h writes it");
  }
  await using _next = await JournalStore.open(options(dir));
});

Deno.test("JournalStore: the oldest go by size and are counted; what is left is found", async () => {
  await using store = await JournalStore.open(options(folder(), { retainBytes: 60_000 }));
  for (const entry of entries) await store.append([entry]);
  await store.trim(100);
  const { first, last, held, evicted } = store.state();
  assertEquals([first, last, held.span, evicted.span], [101, entries.length, entries.length - 100, 100]);
  assertEquals((await store.after(0, 2)).map(({ commitSeq }) => commitSeq), [101, 102]);
  assertEquals(await store.ofTrace(spans[0]!.traceId), []);
  assertEquals((await store.ofTrace(spans[200]!.traceId)).length, 2);
});
