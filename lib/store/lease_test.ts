import { assert, assertEquals, assertThrows } from "@std/assert";
import { IoError } from "../model/errors.ts";
import { selfCommand } from "../host/self.ts";
import { testFolders } from "../testing/folders.ts";
import { databasePath, openForWriting } from "./journal_db.ts";
import { LapsedError, Lease } from "./lease.ts";
import { FencedError } from "./store_errors.ts";

const folder = testFolders("sloctl-lease-");
const HOUR_MS = 3_600_000;
const TTL_MS = 10_000;

/** A machine's two clocks, moved by hand. */
function machine() {
  let [wall, steady] = [1_767_225_600_000, 5_000];
  return {
    clocks: { wallMs: () => wall, steadyMs: () => steady },
    pass: (ms: number) => [wall, steady] = [wall + ms, steady + ms],
    step: (ms: number) => wall += ms,
  };
}

/** A writer of the store, with a connection of its own. A lock that is taken makes `locked` of the row 1. */
function writer(dir: string, owner: string, { clocks }: ReturnType<typeof machine>) {
  const db = openForWriting(dir, "OFF", 100);
  const lease = new Lease(db, dir, TTL_MS, owner, clocks);
  return {
    lease,
    commit: () => {
      db.exec("BEGIN IMMEDIATE");
      try {
        lease.check();
        const until = lease.isDue ? lease.renew() : null;
        lease.confirm();
        db.exec("COMMIT");
        if (until !== null) lease.renewed(until);
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
    },
    row: () => db.prepare("SELECT epoch, until_ms FROM lease").get() as { epoch: number; until_ms: number },
    [Symbol.dispose]: () => {
      lease[Symbol.dispose]();
      db.close();
    },
  };
}

Deno.test("lease: whoever holds it goes on over steps of the clock, and its end is right again within a third of it", () => {
  const dir = folder();
  const m = machine();
  using holder = writer(dir, "the holder", m);
  for (const ms of [HOUR_MS, -2 * HOUR_MS]) {
    m.step(ms);
    holder.commit();
    m.pass(Math.ceil(TTL_MS / 3));
    holder.commit();
    assertEquals([holder.row().epoch, holder.row().until_ms], [1, m.clocks.wallMs() + TTL_MS]);
    assertThrows(() => writer(dir, "another", m), IoError, "the holder writes it, for another 10 s");
  }
});

Deno.test("lease: the clock stepped back under one that was silent: another waits no longer than the longest lease there is", () => {
  const dir = folder();
  const m = machine();
  using silent = writer(dir, "the silent one", m);
  m.step(-600_000 + TTL_MS);
  assertThrows(() => writer(dir, "another", m), IoError, "the silent one writes it, for another 600 s");
  m.step(-1);
  using next = writer(dir, "the next", m);
  next.commit();
  assertThrows(() => silent.commit(), FencedError, "the next has taken the store over");
});

Deno.test("lease: silent for too long by a clock that does not step, it has to be taken again", () => {
  const m = machine();
  using holder = writer(folder(), "the holder", m);
  m.pass(TTL_MS);
  // Whatever the wall clock says.
  m.step(-HOUR_MS);
  assertThrows(() => holder.commit(), LapsedError, "stood still");
  holder.lease.retake();
  holder.commit();
  assertEquals(holder.row().epoch, 2);
});

Deno.test("lease: who is in the middle of a commit is named to who comes, and when it is killed the next takes over", async () => {
  const dir = folder();
  openForWriting(dir, "FULL").close();
  const [deno] = selfCommand();
  const code = `
    import { DatabaseSync } from "node:sqlite";
    const db = new DatabaseSync(${JSON.stringify(databasePath(dir))});
    db.exec("UPDATE lease SET owner = 'the collector with process id 7'");
    db.exec("BEGIN IMMEDIATE; UPDATE state SET floor = 9");
    console.log("in the middle");
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  const child = new Deno.Command(deno!, { args: ["eval", code], stdout: "piped", stderr: "null" }).spawn();
  try {
    const reader = child.stdout.getReader();
    assert(new TextDecoder().decode((await reader.read()).value).includes("in the middle"));
    reader.releaseLock();
    assertThrows(
      () => openForWriting(dir, "FULL", 50),
      IoError,
      "the collector with process id 7 is in the middle of a commit and does not let go",
    );
  } finally {
    child.kill("SIGKILL");
    await child.output();
  }
  using next = writer(dir, "the next", machine());
  next.commit();
  assertEquals(next.row().epoch, 1);
});
