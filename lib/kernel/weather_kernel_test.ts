/** Bad weather for the probes of memory, disks, system calls and scheduling: full tables, full rings, and threads that end midway. */
import { assert, assertEquals } from "@std/assert";
import { encodeConfig, type ProbeConfig, USUAL } from "../decode/config.ts";
import { decodeRecord } from "../decode/record.ts";
import { KIND } from "../decode/wire.gen.ts";
import { monotonicNs } from "../host/clock.ts";
import { exec } from "../host/exec.ts";
import type { KernelEvent } from "../model/kernel_event.ts";
import type { ProbeName } from "../model/signals.ts";
import { kernelTest } from "../testing/kernel.ts";
import { missingTool } from "../testing/unless.ts";
import { delay, only, watched } from "../testing/watched.ts";
import { ProbeSession } from "./session.ts";

const EVERY_CALL = { calls: true, callThresholdNs: 0 };

function open(probe: ProbeName, comm: string | undefined, change: Partial<ProbeConfig>, tables = {}): ProbeSession {
  const config = { ...USUAL, ...change, byPid: false, byCgroup: false, ...(comm === undefined ? {} : { comm }) };
  return new ProbeSession({ probes: [probe], tables, config: (haveRead) => encodeConfig({ ...config, haveRead }) });
}

function drained(session: ProbeSession): KernelEvent[] {
  const events: KernelEvent[] = [];
  session.drain((view, at, length) => {
    const event = decodeRecord(view, at, length);
    assert(typeof event === "object", `${event}`);
    events.push(event);
  });
  return events;
}

/** Thread ids in a table, as far as they are among these. */
function held(session: ProbeSession, table: "threads" | "calling" | "reclaiming", tids: readonly number[]): number[] {
  const all = [...session.values(table)].map(({ key }) => new DataView(key.buffer).getUint32(0, true));
  return all.filter((tid) => tids.includes(tid));
}

/** dd copies `count` single bytes: for each a write, which is told, and a read, which is tallied since /dev/zero is no file. */
const copyBytes = (count: number) =>
  exec("dd", "if=/dev/zero", "of=/dev/null", "bs=1", `count=${count}`, "status=none");

kernelTest("a ring that is full: each call is told or counted as lost, none vanishes", async () => {
  using session = open("syscall_latency", "dd", EVERY_CALL);
  const BYTES = 60_000; // more than the ring holds
  await copyBytes(BYTES);
  const told = drained(session).length;
  const dropped = session.drops()[KIND.syscall]!;
  assert(dropped > 0, "the ring did not overflow");
  const around = told + dropped - BYTES;
  assert(around > 0 && around < 200, `${told} told, ${dropped} lost of ${BYTES} writes and some dozens around them`);
  await copyBytes(100); // once read, there is room again
  const writes = drained(session).filter((event) => event.kind === "syscall" && event.call === "write");
  assertEquals([writes.length, session.drops()[KIND.syscall]], [100, dropped]);
});

kernelTest("a table that is full: what cannot be followed is counted, what is followed stays right", async () => {
  using session = open("syscall_latency", "dd", EVERY_CALL, { calling: 1 });
  const first = new Deno.Command("dd", { args: ["of=/dev/null", "status=none"], stdin: "piped" }).spawn();
  for (let i = 0; i < 100 && held(session, "calling", [first.pid]).length === 0; i++) await delay(10);
  await copyBytes(5000); // there is no place for it
  const untracked = session.untracked()[KIND.syscall]!;
  assert(untracked > 10_000 && untracked < 10_200, `${untracked} calls of 10 000 and some dozens around them`);
  await first.stdin.close();
  await first.status;
  assertEquals(held(session, "calling", [first.pid]), []);
  await copyBytes(5000); // now there is
  const writes = drained(session).filter((event) => event.kind === "syscall" && event.call === "write");
  assertEquals([writes.length, session.untracked()[KIND.syscall]], [5000, untracked]);
});

kernelTest("a full table of threads costs clocks, not the machine: those without a place are counted", async () => {
  using session = open("runqueue_delay", undefined, {}, { threads: 4 });
  await copyBytes(10);
  await delay(50);
  assertEquals([...session.values("threads")].length, 4);
  assert(session.untracked()[KIND.wait_sum]! > 0);
});

kernelTest("tallies that find no place are counted", async () => {
  using session = open("syscall_latency", "dd", { calls: true, callThresholdNs: 1e9 }, { tallies: 2 });
  await copyBytes(100);
  assertEquals([...session.values("tallies")].length, 2);
  assert(session.untracked()[KIND.syscall]! >= 2 * 100 - 100, `${session.untracked()[KIND.syscall]}`);
});

kernelTest("a process killed inside a call leaves nothing behind, and its call is told of nowhere", async () => {
  using session = open("syscall_latency", "sleep", EVERY_CALL);
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const { pid } = child;
  for (let i = 0; i < 100 && held(session, "calling", [pid]).length === 0; i++) await delay(10);
  await delay(50);
  assertEquals(held(session, "calling", [pid]), [pid]);
  child.kill("SIGKILL");
  await child.status;
  assertEquals(held(session, "calling", [pid]), []);
  const names = drained(session).flatMap((event) => event.kind === "syscall" ? [event.call] : []);
  assert(names.length > 0 && !names.includes("clock_nanosleep"), names.join(" "));
});

kernelTest("threads that end while they wait for a CPU leave the table, and their last sum", async () => {
  using session = open("runqueue_delay", "sh", { waitThresholdNs: 10e9 }); // nothing is told but sums
  const pids: number[] = [];
  for (let i = 0; i < 6; i++) {
    const child = new Deno.Command("taskset", { args: ["-c", "0", "sh", "-c", "while :; do :; done"] }).spawn();
    pids.push(child.pid);
  }
  for (let i = 0; i < 250 && held(session, "threads", pids).length < pids.length; i++) await delay(20);
  await delay(300);
  for (const pid of pids) Deno.kill(pid, "SIGKILL");
  for (let i = 0; i < 250 && held(session, "threads", pids).length > 0; i++) await delay(20);
  assertEquals(held(session, "threads", pids), []);
  const sums = drained(session).filter((event) => event.kind === "wait_sum" && pids.includes(event.owner.pid));
  assertEquals(new Set(sums.map(({ owner }) => owner.pid)).size, 6);
});

kernelTest("processes killed while the machine reads for them: no request is left, each told once", async () => {
  const folder = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "sloctl-weather-" });
  try {
    await exec("dd", "if=/dev/zero", `of=${folder}/data`, "bs=1M", "count=64", "conv=fsync", "status=none");
    const seen = await watched(async () => {
      for (let i = 0; i < 10; i++) {
        const child = new Deno.Command("dd", {
          args: [`if=${folder}/data`, "of=/dev/null", "bs=64k", "iflag=direct", "status=none"],
        }).spawn();
        await delay(5);
        try {
          child.kill("SIGKILL");
        } catch {
          // done before
        }
        await child.status;
      }
      await delay(50);
    }, { probes: ["disk_io"], comm: "dd", thresholds: { diskPerSecond: 1e6 } });
    const reads = only(seen, "disk", ({ operation }) => operation === "read");
    assert(reads.length > 0 && reads.every(({ owner }) => owner.comm === "dd"), `${reads.length} reads`);
    const places = reads.map(({ sector, startNs }) => `${sector} ${startNs}`);
    assertEquals(new Set(places).size, places.length);
    assert(seen.endless <= 2, `${seen.endless} requests without an end`); // see deploy/accuracy/disk.ts
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

const noClang = await missingTool("clang", "apt-get install clang");

/** A thread that is not the leader says who it is and calls exec: it becomes the leader, and its id changes under everybody's eyes. */
const EXEC_FROM_THREAD = `
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
static void *run(void *unused)
{
	printf("%d %ld\\n", getpid(), syscall(SYS_gettid));
	fflush(stdout);
	execl("/bin/true", "true", (char *)0);
	return unused;
}
int main(void) { pthread_t thread; pthread_create(&thread, 0, run, 0); pause(); return 0; }
`;

kernelTest(
  "exec from a thread that is not the leader: the call ends under the new id, nothing stays under the old one",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "sloctl-weather-" });
    try {
      await Deno.writeTextFile(`${folder}/main.c`, EXEC_FROM_THREAD);
      await exec("clang", "-pthread", "-o", `${folder}/execs`, `${folder}/main.c`);
      for (const probe of ["syscall_latency", "runqueue_delay"] as const) {
        using session = open(probe, undefined, EVERY_CALL);
        const before = monotonicNs();
        const [pid, tid] = (await exec(`${folder}/execs`)).split(" ").map(Number);
        await delay(30);
        const execs = drained(session).filter((event) => event.kind === "syscall" && event.call === "execve")
          .filter(({ tsNs, owner }) => tsNs > before && owner.tid === pid);
        if (probe === "syscall_latency") assertEquals(execs.length, 2, "the program's own, and its thread's");
        assertEquals([...held(session, "calling", [tid!]), ...held(session, "threads", [tid!])], []);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
  { needs: () => noClang },
);

kernelTest("two agents at once see the same, each for itself", async () => {
  const options = { probes: ["syscall_latency", "disk_io"] as const, comm: "dd", thresholds: { callThresholdNs: 0 } };
  const file = await Deno.makeTempFile({ dir: "/var/tmp", prefix: "sloctl-weather-" });
  try {
    const copy = async () => {
      for (let i = 0; i < 5; i++) {
        await exec("dd", "if=/dev/zero", `of=${file}`, "bs=4k", "count=1", "conv=fsync", "status=none");
      }
    };
    let inner: Awaited<ReturnType<typeof watched>> | undefined;
    const outer = await watched(async () => {
      inner = await watched(copy, options);
    }, options);
    for (const seen of [outer, inner!]) {
      assertEquals(only(seen, "syscall", ({ call }) => call === "fsync").length, 5);
      assertEquals(seen.lost, 0);
    }
  } finally {
    await Deno.remove(file);
  }
});
