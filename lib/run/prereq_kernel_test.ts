import { assertEquals } from "@std/assert";
import { kernelTest } from "../testing/kernel.ts";
import { checkPrereq } from "./prereq.ts";

/** Ids of the programs in the kernel, by an instrument that is not ours: /proc of every process holding one. */
function heldPrograms(): number {
  return [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
    try {
      return /bpf/.test(Deno.readLinkSync(`/proc/self/fd/${name}`));
    } catch {
      return false;
    }
  }).length;
}

kernelTest("prereq check tries every hook, finds them, and leaves nothing behind", async () => {
  const before = heldPrograms();
  const { rows, summary } = await checkPrereq();
  assertEquals(rows.filter(({ group, state }) => (group === "hooks" || group === "probes") && state === "missing"), []);
  assertEquals(summary.ok + summary.degraded + summary.missing, rows.length);
  assertEquals(heldPrograms(), before);
});
