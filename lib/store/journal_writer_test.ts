import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { encodeChunks } from "./chunk.ts";
import { spanEntry } from "./entries.ts";
import { databasePath } from "./journal_db.ts";
import { JournalWriter } from "./journal_writer.ts";
import { distinctSpans, take } from "../testing/collector_process.ts";

/** What is in the log of 4 096 bytes a page is about 18 KiB for each of them. */
const COMMITS = 2_000;

Deno.test("a log that is always added to begins anew when it is large, however small the commits are", async () => {
  const dir = await Deno.makeTempDir();
  try {
    let moves = 0;
    using writer = new JournalWriter({
      dir,
      synchronous: "OFF",
      leaseMs: 60_000,
      owner: "a test",
      retainMs: Infinity,
      retainBytes: Infinity,
      nowMs: Date.now,
      // deno-lint-ignore require-await -- elsewhere it is a thread
      moveLog: async () => {
        moves++;
        using other = new DatabaseSync(databasePath(dir));
        other.exec("PRAGMA wal_checkpoint(PASSIVE)");
      },
    });
    for (const span of take(distinctSpans(), COMMITS)) {
      writer.commit([{ chunks: encodeChunks([spanEntry(span, 10)]), receipts: [] }]);
      writer.moveMuch();
      await Promise.resolve();
    }
    assertEquals(writer.state.last, COMMITS);
    const { size } = await Deno.stat(`${databasePath(dir)}-wal`);
    assert(size < 24 << 20, `${size} bytes of log after ${moves} moves`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
