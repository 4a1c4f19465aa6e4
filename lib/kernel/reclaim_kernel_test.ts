/** Memory stalls beside the thread's clock, which other records carry. Their lengths are held against taskstats in deploy/accuracy/memory.ts. */
import { assert, assertEquals } from "@std/assert";
import { memoryLimit, noMemoryLimit } from "../../deploy/accuracy/memory_limit.ts";
import { encodeConfig, USUAL } from "../decode/config.ts";
import { u64 } from "../decode/fields.ts";
import { decodeRecord } from "../decode/record.ts";
import { WIRE } from "../decode/wire.gen.ts";
import type { ReclaimEvent } from "../model/kernel_event.ts";
import { halt } from "../testing/hog.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay } from "../testing/watched.ts";
import { ProbeSession } from "./session.ts";

kernelTest(
  "the stalls of a thread add up to its clock, to the nanosecond, and a killed one leaves nothing",
  async () => {
    await using group = memoryLimit(`sloctl-reclaim-${Deno.pid}`, 16 * 2 ** 20);
    const file = await Deno.makeTempFile({ dir: "/var/tmp", prefix: "sloctl-reclaim-" });
    using session = new ProbeSession({
      probes: ["runqueue_delay", "mem_reclaim"],
      config: (haveRead) => encodeConfig({ ...USUAL, haveRead, byPid: false, byCgroup: false, comm: "dd" }),
    });
    const stalls: ReclaimEvent[] = [];
    const drain = () =>
      session.drain((view, at, length) => {
        const event = decodeRecord(view, at, length);
        if (typeof event === "object" && event.kind === "reclaim") stalls.push(event);
      });
    const script = `echo $$ > ${group.dir}/cgroup.procs; exec dd if=/dev/zero of=${file} bs=64k count=200000`;
    const writer = new Deno.Command("sh", { args: ["-c", script], stderr: "null" }).spawn();
    const { pid } = writer;
    /** Stopped after at least `least` further stalls: the time of all stalls told so far, and of those in the thread's clock, in ns. */
    const stopped = async (least: number) => {
      const before = stalls.length;
      for (let i = 0; i < 200 && stalls.length < before + least; i++) {
        await delay(20);
        drain();
      }
      await halt(pid);
      drain();
      const thread = [...session.values("threads")].find(({ key }) => viewOf(key).getUint32(0, true) === pid)!;
      const told = stalls.filter(({ owner }) => owner.tid === pid);
      return {
        told: told.reduce((sum, { startNs, tsNs }) => sum + tsNs - startNs, 0),
        clock: u64(viewOf(thread.value), WIRE.thread.clock + WIRE.clock.reclaim_ns),
        own: told,
      };
    };
    try {
      // A thread's clock begins with its first switch: what it did before is in no clock.
      const first = await stopped(1);
      Deno.kill(pid, "SIGCONT");
      const { told, clock, own } = await stopped(20);
      assert(own.length - first.own.length >= 20, `${own.length} stalls`);
      assertEquals(told - first.told, clock - first.clock);
      assert(own.every(({ at, owner }) => at === "cgroup" && owner.comm === "dd"));
      Deno.kill(pid, "SIGCONT");
      await delay(30);
    } finally {
      Deno.kill(pid, "SIGKILL");
      await writer.status;
      await Deno.remove(file);
    }
    assertEquals([...session.values("reclaiming")].length, 0);
    assertEquals([...session.values("threads")].filter(({ key }) => viewOf(key).getUint32(0, true) === pid), []);
  },
  { needs: noMemoryLimit },
);

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
