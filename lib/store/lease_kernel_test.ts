import { assert, assertEquals } from "@std/assert";
import { spanEntry } from "./entries.ts";
import { databasePath } from "./journal_db.ts";
import { JournalReader } from "./journal_reader.ts";
import { JournalStore } from "./journal_store.ts";
import { distinctSpans } from "../testing/collector_process.ts";
import { until } from "../testing/until.ts";

/** SLOCTL_RACES=1000 runs as many. */
const RACES = Number(Deno.env.get("SLOCTL_RACES") ?? 12);
/** Stores of one writer: one SIGSTOP is as many races. What takes time is to start them. */
const STORES = RACES > 100 ? 24 : 16;
const LEASE_MS = 500;
const CHILD = new URL("../testing/journal_child.ts", import.meta.url).pathname;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

interface Tally {
  /** Another had taken the store when the paused writer woke. */
  races: number;
  /** The paused writer held the database in the middle of a commit: nobody could take its place, nobody was given it. */
  blocked: number;
  /** It woke while another tried, and was first. */
  kept: number;
  /** Commits of the paused writer behind the first of the one that replaced it. Must stay 0. */
  late: number;
}

/** @param together the paused one is woken while the next takes over, not after that */
async function round(tally: Tally, together: boolean): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const dirs = await Promise.all(Array.from({ length: STORES }, () => Deno.makeTempDir({ prefix: "sloctl-race-" })));
  for (const dir of dirs) stack.defer(() => Deno.remove(dir, { recursive: true }));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", CHILD, String(LEASE_MS), ...dirs],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const said: string[][] = dirs.map(() => []);
  const reading = (async () => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop()!;
      for (const [i, word] of parts.map((part) => part.split(" "))) said[Number(i)]!.push(word!);
    }
  })();
  stack.defer(async () => {
    child.kill("SIGKILL");
    await child.status;
    await reading;
  });
  await until(() => said.every((words) => words.length > 2), "every store to be written", 60_000);
  await pause(Math.random() * 30);
  child.kill("SIGSTOP");
  await pause(LEASE_MS + 20);
  if (together) setTimeout(() => child.kill("SIGCONT"), Math.random() * 400);
  const next = await Promise.all(dirs.map((dir) => takeOver(dir, tally)));
  for (const store of next) if (store !== null) stack.use(store);
  const made = distinctSpans(1_000_000);
  const mine = await Promise.all(
    next.map(async (store) => (await store?.append([spanEntry(made.next().value, 10)]))?.first),
  );
  if (!together) child.kill("SIGCONT");
  for (const [i, store] of next.entries()) {
    if (store === null) continue;
    await until(() => said[i]!.at(-1) === "FencedError", "the paused writer to be refused", 30_000);
    tally.races++;
    using reader = new JournalReader(databasePath(dirs[i]!));
    const entries = reader.after(0, 1e6);
    tally.late += entries.filter(({ commitSeq }) => commitSeq > mine[i]!).length;
    const own = said[i]!.filter((word) => /^\d+$/.test(word)).map(Number);
    // What it acknowledged before it was replaced is there, and nothing else of it.
    assert(own.every((seq) => seq < mine[i]!), `acknowledged ${own.at(-1)}, replaced at ${mine[i]}`);
    assert(entries.length >= own.length + 1);
  }
}

/** Null where the one before has it still. */
async function takeOver(dir: string, tally: Tally): Promise<JournalStore | null> {
  const how = { synchronous: "FULL", leaseMs: 10_000, owner: "the next", retainMs: Infinity, retainBytes: Infinity };
  try {
    return await JournalStore.open({ dir, ...how });
  } catch (error) {
    if (String(error).includes("is in the middle of a commit")) tally.blocked++;
    else if (String(error).includes("the child writes it")) tally.kept++;
    else throw error;
    return null;
  }
}

Deno.test("lease: a writer that was stopped and wakes after its lease commits nothing", async () => {
  const tally: Tally = { races: 0, blocked: 0, kept: 0, late: 0 };
  // Every third time both at once.
  for (let i = 1; tally.races < RACES; i++) await round(tally, i % 3 === 0);
  if (RACES > 100) await Deno.stderr.write(new TextEncoder().encode(`${JSON.stringify(tally)}\n`));
  assertEquals(tally.late, 0);
});
