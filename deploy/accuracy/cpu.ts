/** Waiting for a CPU, throttling by a quota, and stolen time, against the kernel's own accounts. */
import { cgroupRoots, makeCgroup, removeCgroupTree } from "../../lib/host/cgroup_dirs.ts";
import { readThrottling } from "../../lib/host/cpu_stat.ts";
import { stealUnavailable } from "../../lib/host/cpu_times.ts";
import { thisMachine } from "../../lib/host/ebpf_refusal.ts";
import { monotonicNs } from "../../lib/host/clock.ts";
import { exec } from "../../lib/host/exec.ts";
import { cpuQuota } from "../../lib/inject/cpu_quota.ts";
import { hasMember } from "../../lib/kernel/kernel_btf.ts";
import { mean } from "../../lib/stats/describe.ts";
import { halt, hog, hogIn, runDelayNs, toldWaits } from "../../lib/testing/hog.ts";
import { delay, only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement } from "./measure.ts";

const MS = 1e6;
const FIRST_CPU = "0";

async function twoHogs(): Promise<Comparison[]> {
  const pids: number[] = [];
  const delays: number[] = [];
  let readAtNs = 0;
  const seen = await watched(async () => {
    await using one = hog("taskset", "-c", FIRST_CPU);
    await using two = hog("taskset", "-c", FIRST_CPU);
    pids.push(one.pid, two.pid);
    await delay(2000);
    await halt(...pids);
    delays.push(...pids.map(runDelayNs));
    readAtNs = monotonicNs();
    await delay(60); // drained before they end
  }, { probes: ["runqueue_delay"] });
  return pids.map((pid, i) => ({
    signal: "runqueue_delay_ms",
    what: `two hogs on one CPU for 2 s, the ${i === 0 ? "first" : "second"}`,
    oracle: "schedstat run_delay",
    n: 1,
    stat: "sum",
    unit: "ms",
    // To be killed they must run once more, and wait for that: on a busy machine long, and after we have read.
    ours: toldWaits(seen, pid, readAtNs).runq / MS,
    theirs: delays[i]! / MS,
    allowed: 0.02 * delays[i]! / MS,
  }));
}

export const runQueue: Measurement = {
  name: "runqueue_delay_ms",
  needs: () => lacks("taskset", "apt-get install util-linux"),
  measure: twoHogs,
};

const QUOTA_PCT = 20;

/** Once it may run again it runs, whatever else the machine does: what it waits behind others is not the quota's. */
function goFirst(dir: string): void {
  for (const [file, most] of [["cpu.shares", "262144"], ["cpu.weight", "10000"]] as const) {
    try {
      Deno.writeTextFileSync(`${dir}/${file}`, most, { create: false });
    } catch {
      // of the other version
    }
  }
}

/** One spinner behind a quota. Two ways to tell of it: by thread, and by group from cpu.stat as on kernels that do not mark threads. */
async function throttled(route: "thread" | "group"): Promise<Comparison[]> {
  const name = `sloctl-accuracy-${Deno.pid}`;
  const cgroup = makeCgroup(cgroupRoots(), name);
  try {
    goFirst(cgroup.cpu);
    await using _quota = await cpuQuota(cgroup.cpu).inject(QUOTA_PCT);
    let pid = 0, statNs = 0;
    const seen = await watched(async () => {
      await using spinner = hogIn(cgroup.cpu);
      pid = spinner.pid;
      await delay(3000);
      await halt(pid);
      await delay(120); // a period, so that the account is closed
      statNs = readThrottling(cgroup.cpu)!.throttledNs;
    }, {
      probes: ["runqueue_delay"],
      throttling: route,
      clocks: false, // as an agent watches
      ...(route === "group" ? { cgroupPaths: [cgroup.cpu] } : {}), // by thread: everybody, since it is not there yet
    });
    const common = { signal: "cfs_throttled_ms", n: 1, stat: "sum", unit: "ms" } as const;
    if (route === "thread") {
      return [{
        ...common,
        what: `a spinner with a quota of ${QUOTA_PCT} %, by thread`,
        oracle: "cpu.stat",
        ours: toldWaits(seen, pid).throttled / MS,
        theirs: statNs / MS,
        allowed: 0.08 * statNs / MS,
        because: "a thread's throttled time lasts until it is on a CPU again, the group's until it may be",
      }];
    }
    const groups = only(seen, "group_throttled", ({ cgroup: path }) => path === `/${name}`);
    return [{
      ...common,
      what: `a spinner with a quota of ${QUOTA_PCT} %, by group`,
      oracle: "cpu.stat",
      ours: groups.reduce((sum, { throttledNs }) => sum + throttledNs, 0) / MS,
      theirs: statNs / MS,
      allowed: 0,
    }];
  } finally {
    for (const dir of new Set([cgroup.cpu, cgroup.unified])) await removeCgroupTree(dir);
  }
}

export const quotaByThread: Measurement = {
  name: "cfs_throttled_ms by thread",
  needs: () => hasMember("task_struct", "throttled") ? null : "needs Linux 6.18 (task_struct.throttled)",
  measure: () => throttled("thread"),
};

export const quotaByGroup: Measurement = {
  name: "cfs_throttled_ms by group",
  measure: () => throttled("group"),
};

/** vmstat rounds to a whole percent. */
async function stolen(): Promise<Comparison[]> {
  const SECONDS = 3;
  let said = NaN;
  const seen = await watched(async () => {
    const text = await exec("vmstat", "-n", `${SECONDS}`, "2");
    const [titles, , row] = text.trim().split("\n").slice(1).map((line) => line.trim().split(/\s+/));
    said = Number(row?.[titles!.indexOf("st")] ?? NaN);
  }, { probes: ["mem_reclaim"], steal: true });
  const shares = only(seen, "steal").map(({ share }) => 100 * share);
  return [{
    signal: "cpu_steal_pct",
    what: `the machine as it is, ${SECONDS} s`,
    oracle: "vmstat st",
    n: shares.length,
    stat: "mean",
    unit: "%",
    ours: mean(shares),
    theirs: said,
    allowed: 1,
    because: "vmstat rounds to whole percents, and its three seconds begin up to one before or after ours",
  }];
}

export const steal: Measurement = {
  name: "cpu_steal_pct",
  needs: () => lacks("vmstat", "apt-get install procps") ?? stealUnavailable(thisMachine()),
  measure: stolen,
};
