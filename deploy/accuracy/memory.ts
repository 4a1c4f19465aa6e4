/**
 * mem_reclaim_latency_ms against two accounts of the kernel: taskstats for how long a task had to free memory (it counts every pass of
 * a stall, not the stalls), and the trace buffer for how often.
 */
import { exec } from "../../lib/host/exec.ts";
import { only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement } from "./measure.ts";
import { noTracefs, TraceCount } from "./trace_count.ts";
import { memoryLimit, noMemoryLimit } from "./memory_limit.ts";

const HERE = new URL("./", import.meta.url).pathname;
const DELAY_ACCOUNTING = "/proc/sys/kernel/task_delayacct";
const LIMIT_BYTES = 32 * 2 ** 20;
const WRITTEN_MB = 200;

/** Delay accounting, for tasks that begin from now on; as it was afterwards. */
function delayAccounting(): Disposable {
  const before = Deno.readTextFileSync(DELAY_ACCOUNTING);
  Deno.writeTextFileSync(DELAY_ACCOUNTING, "1");
  return { [Symbol.dispose]: () => Deno.writeTextFileSync(DELAY_ACCOUNTING, before) };
}

function noAccounting(): string | null {
  try {
    Deno.statSync(DELAY_ACCOUNTING);
    return null;
  } catch {
    return "this kernel has no delay accounting (CONFIG_TASK_DELAY_ACCT)";
  }
}

async function writeAtTheLimit(): Promise<Comparison[]> {
  const folder = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "sloctl-accuracy-" });
  try {
    await exec("clang", "-O2", "-Wall", "-Werror", `${HERE}taskstats.c`, "-o", `${folder}/taskstats`);
    await using group = memoryLimit(`sloctl-accuracy-${Deno.pid}`, LIMIT_BYTES);
    using _accounting = delayAccounting();
    await using trace = await TraceCount.of("vmscan", "mm_vmscan_memcg_reclaim_end");
    let said = "";
    const writer =
      `echo $$ > ${group.dir}/cgroup.procs; exec dd if=/dev/zero of=${folder}/out bs=1M count=${WRITTEN_MB} 2>&1`;
    const seen = await watched(async () => {
      said = await exec(`${folder}/taskstats`, "sh", "-c", writer);
    }, { probes: ["mem_reclaim"] });
    const [pid, , ns] = said.trim().split("\n").at(-1)!.split(" ").map(Number);
    const stalls = only(seen, "reclaim", ({ owner }) => owner.pid === pid);
    const traced = trace.by(pid!);
    const common = {
      signal: "mem_reclaim_latency_ms",
      what: `${WRITTEN_MB} MB written in a group limited to ${LIMIT_BYTES / 2 ** 20} MB`,
      n: traced,
    } as const;
    return [
      {
        ...common,
        oracle: "tracefs mm_vmscan_memcg_reclaim_end",
        stat: "count",
        unit: "count",
        ours: stalls.length,
        theirs: traced,
        allowed: 0,
      },
      {
        ...common,
        oracle: "taskstats freepages",
        stat: "sum",
        unit: "ms",
        ours: stalls.reduce((sum, { startNs, tsNs }) => sum + tsNs - startNs, 0) / 1e6,
        theirs: ns! / 1e6,
        allowed: 4 + 0.01 * ns! / 1e6,
        because:
          "the account begins a little after the tracepoint and ends a little before it; who is preempted between the two " +
          "loses a slice of the CPU",
      },
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

export const memory: Measurement = {
  name: "mem_reclaim_latency_ms",
  needs: () => noMemoryLimit() ?? noAccounting() ?? noTracefs() ?? lacks("clang"),
  measure: writeAtTheLimit,
};
