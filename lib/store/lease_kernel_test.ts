import { assert, assertEquals } from "@std/assert";
import { spanEntry } from "./entries.ts";
import { databasePath } from "./journal_db.ts";
import { JournalReader } from "./journal_reader.ts";
import { JournalStore } from "./journal_store.ts";
import { distinctSpans } from "../testing/collector_process.ts";

/** SLOCTL_RACES=1000 runs as many. */
const RACES = Number(Deno.env.get("SLOCTL_RACES") ?? 12);
/** Stores of one writer: one SIGSTOP is as many races. */
const STORES = 6;
const LEASE_MS = 500;
const CHILD = new URL("../testing/journal_child.ts", import.meta.url).pathname;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Tally {
  races: number;
  /** The paused writer held the database in the middle of a commit: nobody could take its place, nobody was given it. */
  blocked: number;
  /** Commits of the paused writer behind the first of the one that replaced it. Must stay 0. */
  late: number;
}

async function round(tally: Tally): Promise<void> {
  const dirs = await Promise.all(Array.from({ length: STORES }, () => Deno.makeTempDir({ prefix: "sloctl-race-" })));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CHILD, String(LEASE_MS), ...dirs],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines: string[] = [];
  const reading = (async () => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      lines.push(...parts);
    }
  })();
  const acked = (i: number) => lines.flatMap((line) => line.startsWith(`${i} `) ? [line.slice(2)] : []);
  try {
    while (!dirs.every((_, i) => acked(i).length > 2)) await pause(5);
    await pause(Math.random() * 30);
    child.kill("SIGSTOP");
    await pause(LEASE_MS + 20);
    const next = await Promise.all(dirs.map(async (dir) => {
      try {
        return await JournalStore.open({
          dir,
          synchronous: "FULL",
          leaseMs: 10_000,
          owner: "the next",
          retainMs: Infinity,
          retainBytes: Infinity,
        });
      } catch (error) {
        assert(String(error).includes("does not let go"), String(error));
        return null;
      }
    }));
    const made = distinctSpans(1_000_000);
    const mine = await Promise.all(
      next.map(async (store) => (await store?.append([spanEntry(made.next().value, 10)]))?.first),
    );
    child.kill("SIGCONT");
    await pause(200);
    for (const [i, store] of next.entries()) {
      tally.races++;
      if (store === null) {
        tally.blocked++;
        continue;
      }
      while (acked(i).at(-1) !== "FencedError") await pause(5);
      await store[Symbol.asyncDispose]();
      using reader = new JournalReader(databasePath(dirs[i]!));
      const entries = reader.after(0, 1e6);
      tally.late += entries.filter(({ commitSeq }) => commitSeq > mine[i]!).length;
      const own = acked(i).filter((word) => /^\d+$/.test(word)).map(Number);
      // What it acknowledged before it was paused is there, and nothing else of it.
      assert(own.every((seq) => seq < mine[i]!), `acknowledged ${own.at(-1)}, replaced at ${mine[i]}`);
      assert(entries.length >= own.length + 1);
    }
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await reading;
    for (const dir of dirs) await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("lease: a writer that was stopped and wakes after its lease commits nothing", async () => {
  const tally: Tally = { races: 0, blocked: 0, late: 0 };
  while (tally.races < RACES) await round(tally);
  if (RACES > 100) await Deno.stderr.write(new TextEncoder().encode(`${JSON.stringify(tally)}\n`));
  assertEquals(tally.late, 0);
  assert(tally.blocked < tally.races, "every one was stopped in the middle of a commit");
});
