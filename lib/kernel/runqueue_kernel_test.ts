/** Waiting for a CPU, of threads that come and go. The comparisons with the scheduler's own accounts stand in deploy/accuracy/cpu.ts. */
import { assert } from "@std/assert";
import { halt, hog, runDelayNs, toldWaits } from "../testing/hog.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay, watched } from "../testing/watched.ts";

const FIRST_CPU = "0";

kernelTest("a thread first seen in the middle of its life owes nothing for what it waited before", async () => {
  await using one = hog("taskset", "-c", FIRST_CPU);
  await using two = hog("taskset", "-c", FIRST_CPU);
  await delay(600);
  const unwatched = runDelayNs(one.pid);
  let before = 0;
  let after = 0;
  const seen = await watched(async () => {
    before = runDelayNs(one.pid);
    await delay(700);
    await halt(one.pid, two.pid);
    after = runDelayNs(one.pid);
  }, { pids: [one.pid], probes: ["runqueue_delay"] });
  assert(seen.events.every(({ owner }) => owner.pid === one.pid), "--pid lets only that process through");
  const told = toldWaits(seen, one.pid).runq;
  // Attaching takes its time, longer on a busy machine: what is waited meanwhile may be told or not.
  const [least, most] = [after - before, after - unwatched];
  // The wait that lasted while we attached is told whole, or was not told: one slice of a hog.
  const slack = 0.02 * least + 12e6;
  assert(told >= least - slack && told <= most + slack, `schedstat ${least} to ${most} ns, told ${told}`);
});
