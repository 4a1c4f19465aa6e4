/** Waiting for a CPU and throttling, compared with the scheduler's own accounts. */
import { assert, assertEquals } from "@std/assert";
import { cgroupRoots, makeCgroup, removeCgroupTree } from "../host/cgroup_dirs.ts";
import { cpuQuota } from "../inject/cpu_quota.ts";
import { kernelTest } from "../testing/kernel.ts";
import { delay, type Seen, watched } from "../testing/watched.ts";

const FIRST_CPU = "0";

/** A shell that burns CPU until it is killed. */
function hog(...prefix: string[]): AsyncDisposable & { readonly pid: number } {
  const [command = "sh", ...args] = [...prefix, "sh", "-c", "while :; do :; done"];
  const child = new Deno.Command(command, { args, stdin: "null" }).spawn();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}

/** Sum of what was told of one thread, in ns. */
function told({ events }: Seen, tid: number): { runq: number; throttled: number } {
  const sum = { runq: 0, throttled: 0 };
  for (const event of events) {
    if (event.owner.tid !== tid) continue;
    if (event.kind === "runq" || event.kind === "throttled") sum[event.kind] += event.tsNs - event.startNs;
    if (event.kind !== "wait_sum") continue;
    sum.runq += event.runqNs;
    sum.throttled += event.throttledNs;
  }
  return sum;
}

/** Stops a process and waits until it stands: a wait that still lasts is in nobody's account yet. */
async function halt(...pids: number[]): Promise<void> {
  for (const pid of pids) Deno.kill(pid, "SIGSTOP");
  for (let i = 0; i < 100; i++) {
    if (pids.every((pid) => /^State:\s*T/m.test(Deno.readTextFileSync(`/proc/${pid}/status`)))) return;
    await delay(10);
  }
  throw new Error("the hogs did not stop");
}

const runDelayNs = (pid: number) => Number(Deno.readTextFileSync(`/proc/${pid}/task/${pid}/schedstat`).split(" ")[1]);

kernelTest("what two hogs on one CPU waited is what schedstat says", async () => {
  const pids: number[] = [];
  const delays: number[] = [];
  const seen = await watched(async () => {
    await using one = hog("taskset", "-c", FIRST_CPU);
    await using two = hog("taskset", "-c", FIRST_CPU);
    pids.push(one.pid, two.pid);
    await delay(1500);
    await halt(...pids);
    delays.push(...pids.map(runDelayNs));
    await delay(60); // drained before they end
  });
  assertEquals(seen.lost, 0);
  pids.forEach((pid, i) => {
    const { runq, throttled } = told(seen, pid);
    assertEquals(throttled, 0);
    const off = Math.abs(runq - delays[i]!);
    assert(off <= 0.02 * delays[i]! + 1e6, `schedstat ${delays[i]! / 1e6} ms, told ${runq / 1e6} ms`);
    assert(delays[i]! > 300e6, `the hogs did not compete: ${delays[i]! / 1e6} ms`);
  });
});

kernelTest("a thread first seen in the middle of its life owes nothing for what it waited before", async () => {
  await using one = hog("taskset", "-c", FIRST_CPU);
  await using two = hog("taskset", "-c", FIRST_CPU);
  await delay(300);
  let before = 0;
  let after = 0;
  const seen = await watched(async () => {
    before = runDelayNs(one.pid);
    await delay(700);
    await halt(one.pid, two.pid);
    after = runDelayNs(one.pid);
  }, { pids: [one.pid], probes: ["runqueue_delay"] });
  assert(seen.events.every(({ owner }) => owner.pid === one.pid), "--pid lets only that process through");
  const off = Math.abs(told(seen, one.pid).runq - (after - before));
  // The wait that lasted while we attached is told whole, or was not told: one slice of a hog.
  assert(off <= 0.02 * (after - before) + 12e6, `schedstat ${after - before} ns, off by ${off}`);
});

kernelTest("what a quota took away is what cpu.stat says, and no waiting for a CPU", async () => {
  const roots = cgroupRoots();
  const name = `sloctl-test-${Deno.pid}`;
  const cgroup = makeCgroup(roots, name);
  try {
    await using _quota = await cpuQuota(cgroup.cpu).inject(20);
    let pid = 0;
    let statNs = 0;
    const seen = await watched(async () => {
      await using spinner = hog("sh", "-c", 'echo $$ > "$0/cgroup.procs"; exec "$@"', cgroup.cpu);
      pid = spinner.pid;
      await delay(2000);
      await halt(pid);
      await delay(120); // a period, so that the account is closed
      statNs = throttledNs(cgroup.cpu);
    });
    assertEquals(seen.lost, 0);
    const { throttled } = told(seen, pid);
    assert(statNs > 1e9, `the quota did not bite: ${statNs} ns`);
    assert(Math.abs(throttled - statNs) < 0.08 * statNs, `cpu.stat ${statNs / 1e6} ms, told ${throttled / 1e6} ms`);
  } finally {
    for (const dir of new Set([cgroup.cpu, cgroup.unified])) await removeCgroupTree(dir);
  }
}, { needs: () => marksThrottled(Deno.osRelease()) ? null : "needs Linux 6.18 (task_struct.throttled)" });

/** Nanoseconds in v1 (`throttled_time`), microseconds in v2 (`throttled_usec`). */
function throttledNs(dir: string): number {
  const [, unit, value] = /^throttled_(time|usec) (\d+)$/m.exec(Deno.readTextFileSync(`${dir}/cpu.stat`)) ?? [];
  return Number(value) * (unit === "usec" ? 1000 : 1);
}

function marksThrottled(release: string): boolean {
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  return major > 6 || (major === 6 && minor >= 18);
}
