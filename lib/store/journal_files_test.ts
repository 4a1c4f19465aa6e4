import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { UsageError } from "../model/errors.ts";
import { distinctSpans, take } from "../testing/collector_process.ts";
import { testFolders } from "../testing/folders.ts";
import { incidentEntry, spanEntry } from "./entries.ts";
import { databasePath } from "./journal_db.ts";
import { diffJournals } from "./journal_diff.ts";
import { JournalReader } from "./journal_reader.ts";
import { restoreJournal } from "./journal_restore.ts";
import { takeSnapshot } from "./journal_snapshot.ts";
import { JournalStore } from "./journal_store.ts";
import { verifyJournal } from "./journal_verify.ts";
import { readManifest } from "./manifest.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { NewEntry } from "./store.ts";

const folder = testFolders("sloctl-journal-");
const made = distinctSpans();
const spans = (n: number): NewEntry[] => take(made, n).map((span) => spanEntry(span, 10));
const incident = (id: string): NewEntry =>
  incidentEntry({ incident_id: id, timestamp: "2026-01-01T00:00:00Z", service: "gw" } as IncidentAttribution, 100);

function open(dir: string): Promise<JournalStore> {
  return JournalStore.open({
    dir,
    synchronous: "FULL",
    leaseMs: 10_000,
    owner: "a test",
    retainMs: Infinity,
    retainBytes: Infinity,
  });
}

/** 200 entries in chunks of 10, a snapshot after 100; then everything up to 50 is trimmed. */
async function story(): Promise<string> {
  const dir = folder();
  await using store = await open(dir);
  for (let i = 0; i < 20; i++) {
    await store.append([...spans(9), incident(`i${i}`)], {
      key: `k${i}`,
      digest: "d",
      type: "t",
      answer: new Uint8Array(),
    });
    if (i === 9) await takeSnapshot(dir, Date.now());
  }
  await store.trim(50);
  return dir;
}

Deno.test("snapshot and tail reproduce sequence and digest; the manifest names both ends", async () => {
  const dir = await story();
  const { snapshots: [snapshot], trim_point } = readManifest(dir);
  assertEquals([snapshot!.first, snapshot!.last, trim_point.seq], [1, 100, 50]);
  const live = verifyJournal(databasePath(dir));
  assertEquals([live.problems, live.first, live.last, live.entries], [[], 51, 200, 150]);
  const to = `${dir}-restored`;
  // The live one no longer has the first fifty: they come from the snapshot, the rest from behind it.
  assertEquals((await restoreJournal({ dir, at: { seq: 200 }, to, from: undefined })).parts.length, 2);
  const restored = verifyJournal(databasePath(to));
  assertEquals([restored.problems, restored.first, restored.last, restored.digest], [[], 1, 200, live.digest]);
  assertEquals(diffJournals(databasePath(to), databasePath(dir)), {
    only_in_a: [[1, 50]],
    only_in_b: [],
    different: [],
  });
  await assertRejects(() => restoreJournal({ dir, at: { seq: 1 }, to, from: undefined }), UsageError, "is there");
});

Deno.test("a snapshot and the tail behind it give the digest that the live store had, after every request and at every time", async () => {
  const dir = folder();
  const moments: { readonly last: number; readonly digest: string; readonly ms: number }[] = [];
  {
    await using store = await open(dir);
    for (let i = 0; i < 12; i++) {
      const { last } = await store.append(spans(1 + i % 4));
      moments.push({ last, digest: store.digest, ms: Date.now() });
      if (i === 4) await takeSnapshot(dir, Date.now());
      // The next is committed in a later millisecond.
      for (const { ms } = moments.at(-1)!; Date.now() <= ms;) await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
  const from = `${dir}/${readManifest(dir).snapshots[0]!.file}`;
  for (const [i, { last, digest, ms }] of moments.entries()) {
    for (const [how, at] of [["seq", { seq: last }], ["time", { ms }]] as const) {
      const to = `${dir}-${how}-${last}`;
      await restoreJournal({ dir, at, to, from: i < 4 ? undefined : from });
      const restored = verifyJournal(databasePath(to));
      assertEquals([restored.problems, restored.last, restored.digest], [[], last, digest], `${how} ${last}`);
    }
  }
});

Deno.test("restored to any point, also within one request, the difference is exactly what came after", async () => {
  const dir = await story();
  for (const seq of [100, 123, 60, 51]) {
    const to = `${dir}-${seq}`;
    await restoreJournal({ dir, at: { seq }, to, from: undefined });
    const { problems, last } = verifyJournal(databasePath(to));
    assertEquals([problems, last], [[], seq]);
    const { only_in_a, only_in_b, different } = diffJournals(databasePath(dir), databasePath(to));
    assertEquals([only_in_a, only_in_b, different], [[[seq + 1, 200]], [[1, 50]], []]);
    using reader = new JournalReader(databasePath(to));
    const kept = Math.floor(seq / 10);
    assert(reader.byId("incident", `i${kept - 1}`) !== null);
    assertEquals([reader.byId("incident", `i${kept}`), reader.receipt(`k${kept}`)], [null, null]);
  }
  // It is a store like any other: it goes on where it was cut.
  await using store = await open(`${dir}-123`);
  assertEquals(await store.append(spans(1)), { first: 124, last: 124 });
});

Deno.test("a corrupt page: reading it is refused, verify names it, the rest is readable and can be restored", async () => {
  const dir = await story();
  const path = databasePath(dir);
  {
    using db = new DatabaseSync(path);
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  const bytes = await Deno.readFile(path);
  const text = new TextDecoder("latin1").decode(bytes);
  // In the middle of the chunk of entries 141 to 150.
  const at = text.indexOf('"i14"');
  assert(at > 0);
  for (let i = 0; i < text.length; i++) if (text.startsWith('"i14"', i)) bytes[i + 1] = 0x7a;
  await Deno.writeFile(path, bytes);
  const { problems } = verifyJournal(path);
  assert(
    problems.some((problem) => problem.includes("entries 141 to 150 are not what was written")),
    problems.join("\n"),
  );
  using reader = new JournalReader(path);
  assertThrows(() => reader.after(140, 10), Error, "entries 141 to 150 are not what was written");
  assertEquals(reader.after(150, 10).length, 10);
  assertEquals(reader.after(130, 10).length, 10);
  await restoreJournal({ dir, at: { seq: 140 }, to: `${dir}-140`, from: undefined });
  const restored = verifyJournal(databasePath(`${dir}-140`));
  assertEquals([restored.problems, restored.last], [[], 140]);
});

Deno.test("a torn tail: what was cut off is gone, what was committed before it is whole", async () => {
  const dir = folder();
  const copy = folder();
  await using store = await open(dir);
  await store.append(spans(10));
  const before = (await Deno.stat(`${databasePath(dir)}-wal`)).size;
  const { digest } = store;
  await store.append(spans(10));
  // As a power cut leaves it: the database, and part of the last commit in the log.
  await Deno.copyFile(databasePath(dir), databasePath(copy));
  const log = await Deno.readFile(`${databasePath(dir)}-wal`);
  assert(log.length > before);
  await Deno.writeFile(`${databasePath(copy)}-wal`, log.subarray(0, log.length - 100));
  await using recovered = await open(copy);
  assertEquals([recovered.state().last, recovered.digest], [10, digest]);
  assertEquals(await recovered.append(spans(1)), { first: 11, last: 11 });
});
