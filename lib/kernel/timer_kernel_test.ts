/** The timers a thread sleeps on, as the split of a request needs them. */
import { assert, assertEquals } from "@std/assert";
import { kernelTest } from "../testing/kernel.ts";
import { testFolders } from "../testing/folders.ts";
import { missingTool } from "../testing/unless.ts";
import { only, watched } from "../testing/watched.ts";

const noClang = await missingTool("clang", "apt-get install clang");
const folder = testFolders("timer");
const PROGRAM = new URL("../testing/timer_loop.c", import.meta.url).pathname;

/** lib/testing/timer_loop.c: its stamps in ns, and the timers that were told of it. */
async function loop(busyMs: number, againMs: number) {
  const program = `${folder()}/timer-loop`;
  await new Deno.Command("clang", { args: ["-O1", "-o", program, PROGRAM] }).output();
  let stamps: number[] = [];
  const seen = await watched(async () => {
    const { stdout } = await new Deno.Command(program, { args: [`${busyMs}`, `${againMs}`] }).output();
    stamps = new TextDecoder().decode(stdout).trim().split(" ").map(Number);
  }, { comm: "timer-loop", timers: true, probes: ["runqueue_delay", "syscall_latency"] });
  const [pid, began = NaN, woke = NaN, ended = NaN] = stamps;
  const told = only(seen, "timer", ({ owner }) => owner.pid === pid).filter(({ startNs }) =>
    startNs > began && startNs < ended
  );
  return { began, woke, ended, told };
}

/** Fails unless each is later than the one before, or as late. */
function ordered(...stamps: readonly (number | undefined)[]): void {
  assert(stamps.every((ns, i) => i === 0 || ns! >= stamps[i - 1]!), `${stamps}`);
}

kernelTest(
  "a timer that becomes due while its thread is busy with something else was slept on until that came",
  async () => {
    const { began, woke, ended, told: [timer, second, ...more] } = await loop(60, 30);
    ordered(began, timer?.startNs, timer?.tsNs, woke, second?.startNs, second?.tsNs, ended);
    assert(second!.startNs - woke >= 60e6, "the second sleep has a timer of its own");
    assertEquals(more, []);
  },
  { needs: () => noClang },
);

kernelTest("a timer that is waited for again is told once, one that is given up is not told", async () => {
  const again = await loop(0, 0);
  assertEquals(again.told.length, 1);
  ordered(again.began, again.told[0]?.startNs, again.woke, again.told[0]?.tsNs, again.ended);
  const given = await loop(0, 5);
  assertEquals(given.told.length, 1);
  ordered(given.woke, given.told[0]?.startNs, given.told[0]?.tsNs, given.ended);
}, { needs: () => noClang });
