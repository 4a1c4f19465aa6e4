import { assert, assertEquals, assertRejects } from "@std/assert";
import { EXIT, SloctlError } from "../model/errors.ts";
import { distinctSpans, take } from "../testing/collector_process.ts";
import { spanEntry } from "./entries.ts";
import { databasePath } from "./journal_db.ts";
import { JournalStore } from "./journal_store.ts";
import { verifyJournal } from "./journal_verify.ts";
import { logDamage } from "./log_damage.ts";

const COMMITS = 10;

const open = (dir: string, acceptsDamage = false) =>
  JournalStore.open({
    ...{ dir, synchronous: "FULL", leaseMs: 10_000, owner: "a test", acceptsDamage },
    ...{ retainMs: Infinity, retainBytes: Infinity },
  });

/** A store as `kill -9` leaves it after ten commits, with the places of the last frame of each commit in its log. */
async function killed(dir: string): Promise<{ log: Uint8Array; ends: number[] }> {
  const live = `${dir}/live`;
  await using store = await open(live);
  const made = distinctSpans();
  const ends: number[] = [];
  for (let i = 0; i < COMMITS; i++) {
    await store.append(take(made, 20).map((span) => spanEntry(span, 10)));
    ends.push(Deno.statSync(`${databasePath(live)}-wal`).size);
  }
  await Deno.mkdir(`${dir}/copy`);
  await Deno.copyFile(databasePath(live), databasePath(`${dir}/copy`));
  await Deno.writeFile(`${dir}/copy/lock`, new Uint8Array());
  return { log: await Deno.readFile(`${databasePath(live)}-wal`), ends };
}

Deno.test("a log damaged in its middle is told from a torn one: refused, exit code 5, unless it is accepted", async () => {
  const dir = await Deno.makeTempDir({ prefix: "sloctl-journal-" });
  try {
    const { log, ends } = await killed(dir);
    const copy = `${dir}/copy`;
    const path = `${databasePath(copy)}-wal`;
    const with_ = async (change: (log: Uint8Array) => Uint8Array | void) => {
      const changed = log.slice();
      await Deno.writeFile(path, change(changed) ?? changed);
      return logDamage(path);
    };
    const flip = (at: number) => (bytes: Uint8Array) => void (bytes[at]! ^= 0x40);
    const frame = (at: number) => Math.floor((at - 32) / 4120) + 1;
    assertEquals(await with_(() => {}), null);
    // Cut anywhere, or broken in the last commit: as a power cut leaves it.
    for (let cut = 1; cut < log.length; cut += 997) assertEquals(await with_((bytes) => bytes.subarray(0, cut)), null);
    for (const at of [ends.at(-1)! - 1, ends.at(-2)! + 3]) assertEquals(await with_(flip(at)), null);
    // Old frames of a log that began anew, and pages that never got there.
    assertEquals(await with_((bytes) => void bytes.fill(0, ends.at(-2)!)), null);
    for (const [commit, offset] of [[3, -2000], [3, -4096 - 24 + 9], [8, -1], [1, -4096 - 5]] as const) {
      const at = ends[commit]! + offset;
      const found = await with_(flip(at));
      // Its own commit and those behind it, but for the last, which nothing followed; of a broken head of a commit's last frame one less.
      const isHead = offset < -4096;
      assertEquals([found?.frame, found?.commits], [frame(at), COMMITS - 1 - commit - (isHead ? 1 : 0)], `${at}`);
    }
    assertEquals((await with_(flip(16)))?.frame, 0);

    const at = ends[3]! - 2000;
    await with_(flip(at));
    const before = await Deno.readFile(path);
    const error = await assertRejects(() => open(copy), SloctlError, "commits at or behind that place had been synced");
    assertEquals([error.exitCode, await Deno.readFile(path)], [EXIT.integrity, before], "nothing was written over");
    const { problems } = verifyJournal(databasePath(copy));
    assert(problems.some((text) => text.includes("it is damaged at frame")), problems.join());
    {
      await using store = await open(copy, true);
      assert(store.state().last < 20 * COMMITS);
      await store.append([spanEntry(take(distinctSpans(9_000_000), 1)[0]!, 10)]);
    }
    await using _again = await open(copy);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
