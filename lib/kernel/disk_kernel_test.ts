/** Who owns a block request, and whose are told when somebody in particular is watched. */
import { assert, assertEquals } from "@std/assert";
import { exec } from "../host/exec.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay, only, watched } from "../testing/watched.ts";

const BLOCKS = 40;
const every = { probes: ["disk_io"], thresholds: { diskPerSecond: 1e6 } } as const;

/** A folder on a disk; /tmp may be memory. */
async function withFile(test: (file: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "sloctl-disk-" });
  try {
    await exec("dd", "if=/dev/zero", `of=${folder}/data`, "bs=4k", `count=${BLOCKS}`, "conv=fsync", "status=none");
    await test(`${folder}/data`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const direct = (file: string) =>
  exec("dd", `if=${file}`, "of=/dev/null", "bs=4k", `count=${BLOCKS}`, "iflag=direct", "status=none");

kernelTest("a request past the page cache is its process's own, read by read", async () => {
  await withFile(async (file) => {
    const seen = await watched(async () => void await direct(file), every);
    const reads = only(seen, "disk", ({ owner, bytes }) => owner.comm === "dd" && bytes === 4096);
    const ours = reads.filter(({ operation }) => operation === "read");
    assert(ours.length >= BLOCKS - seen.endless && ours.length <= BLOCKS + 20, `${ours.length} reads of ${BLOCKS}`);
    assert(ours.every(({ byKernel, errno, owner }) => !byKernel && errno === 0 && owner.cgroupId > 0n));
    assert(ours.every(({ startNs, issuedNs, tsNs }) => startNs <= issuedNs && issuedNs < tsNs));
    assertEquals(new Set(ours.map(({ device }) => device)).size, 1);
  });
});

kernelTest("what was only written to memory is written back by a kernel thread, and said to be", async () => {
  await withFile(async (file) => {
    const seen = await watched(async () => {
      await exec("dd", "if=/dev/zero", `of=${file}`, "bs=4k", `count=${BLOCKS}`, "conv=notrunc", "status=none");
      await exec("sync", "--file-system", file);
      await delay(200);
    }, every);
    const writes = only(seen, "disk", ({ operation }) => operation === "write");
    const back = writes.filter(({ byKernel }) => byKernel);
    assert(
      back.reduce((sum, { bytes }) => sum + bytes, 0) >= BLOCKS * 4096,
      `${back.length} of ${writes.length} writes`,
    );
    assert(back.every(({ owner }) => /^(kworker|jbd2|kswapd|xfs|btrfs|loop)/.test(owner.comm)), back[0]?.owner.comm);
    assertEquals(writes.filter(({ owner, byKernel }) => owner.comm === "dd" && byKernel), []);
  });
});

kernelTest("with a target only its own requests are told, those of kernel threads are nobody's", async () => {
  await withFile(async (file) => {
    const seen = await watched(async () => {
      await exec("dd", "if=/dev/zero", `of=${file}`, "bs=4k", `count=${BLOCKS}`, "conv=fsync,notrunc", "status=none");
      await exec("sh", "-c", `exec cat ${file} > /dev/null`);
      await direct(file);
    }, { ...every, comm: "dd" });
    const owners = new Set(only(seen, "disk").map(({ owner }) => owner.comm));
    assertEquals([...owners], ["dd"]);
    assert(only(seen, "disk").every(({ byKernel }) => !byKernel));
  });
});
