import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { random } from "../stats/random.ts";
import { distinctSpans, take } from "../testing/collector_process.ts";
import { spanEntry } from "./entries.ts";
import { databasePath } from "./journal_db.ts";
import { JournalStore } from "./journal_store.ts";
import { verifyJournal } from "./journal_verify.ts";
import { DURING, kindBit, PERIODS, Periods } from "./periods.ts";

Deno.test("periods: those that touch a window, and no others, however long they are", () => {
  using db = new DatabaseSync(":memory:");
  db.exec(PERIODS);
  const periods = new Periods(db);
  const stream = random("periods");
  const rows = Array.from({ length: 2000 }, (_, i) => {
    const length = Math.floor(8 ** (stream.float() * 8)) - 1;
    const oldestMs = Math.floor(stream.float() * 1e6);
    const counts = [i % 3 === 0 ? 0 : 2, 0, i % 3 === 2 ? 0 : 5, 0, 0];
    return { oldestMs, newestMs: oldestMs + length, counts, last: i + 1 };
  });
  rows.push({ oldestMs: 0, newestMs: 18_446_744_073_709, counts: [1, 0, 0, 0, 0], last: 2001 });
  for (const row of rows) periods.add(row, row.last);
  const during = db.prepare(DURING);
  const found = (a: number, b: number, kinds: number) =>
    during.all(a, b, kinds).map(({ last }) => Number(last)).sort((x, y) => x - y);
  for (let i = 0; i < 300; i++) {
    const a = Math.floor(stream.float() * 1e6);
    const b = a + Math.floor(8 ** (stream.float() * 6)) - 1;
    for (const [kind, place] of [["span", 0], ["probe", 2]] as const) {
      const expected = rows.filter(({ oldestMs, newestMs, counts }) =>
        newestMs >= a && oldestMs <= b && counts[place]! > 0
      );
      assertEquals(found(a, b, kindBit(kind)), expected.map(({ last }) => last), `${a} to ${b}, ${kind}`);
    }
  }
  for (const row of rows) periods.forget(row.newestMs, row.last);
  assertEquals(db.prepare("SELECT count(*) AS n FROM period").get()!.n, 0);
});

Deno.test("periods: a store of the format before is given its index when it is opened to be written", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sloctl-journal-" });
  try {
    const options = { dir, synchronous: "FULL", leaseMs: 10_000, owner: "a test" };
    const open = () => JournalStore.open({ ...options, retainMs: Infinity, retainBytes: Infinity });
    const rows = () => {
      using db = new DatabaseSync(databasePath(dir));
      return db.prepare("SELECT * FROM period ORDER BY last").all();
    };
    {
      await using store = await open();
      const made = distinctSpans();
      for (let i = 0; i < 5; i++) await store.append(take(made, 30).map((span) => spanEntry(span, 10)));
    }
    const before = rows();
    {
      using db = new DatabaseSync(databasePath(dir));
      db.exec("DROP TABLE period; PRAGMA user_version = 1");
    }
    assertEquals(verifyJournal(databasePath(dir)).problems, []);
    await using _store = await open();
    assertEquals(rows(), before);
    assertEquals(verifyJournal(databasePath(dir)).problems, []);
    {
      using db = new DatabaseSync(databasePath(dir));
      db.exec("DELETE FROM period WHERE last = (SELECT max(last) FROM period)");
    }
    const { problems } = verifyJournal(databasePath(dir));
    assert(problems.some((text) => text.includes("find chunks by time")), problems.join());
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
