/** syscall_latency_ms against strace: -T for how long one call took, -c for how often each call was made. */
import { exec } from "../../lib/host/exec.ts";
import { total } from "../../lib/model/histogram.ts";
import { median, only, type Seen, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement, repeats } from "./measure.ts";

const SYNCS = repeats(15);
const BLOCKS = 3000;

/** Calls of one name by this program, told one by one or in tallies. */
function calls(seen: Seen, comm: string, name: string): number {
  const one = only(seen, "syscall", ({ owner, call }) => owner.comm === comm && call === name).length;
  const tallied = only(
    seen,
    "tally",
    ({ owner, of }) => owner.comm === comm && of.kind === "syscall" && of.call === name,
  );
  return one + tallied.reduce((sum, { counts }) => sum + total(counts), 0);
}

/** Each `dd` syncs its file once: as many processes as calls. */
async function fsync(folder: string): Promise<Comparison[]> {
  const script =
    `for i in $(seq ${SYNCS}); do dd if=/dev/zero of=${folder}/out bs=4k count=1 conv=fsync status=none; done`;
  let said: number[] = [];
  const seen = await watched(async () => {
    await exec("strace", "-f", "-qq", "-T", "-e", "trace=fsync", "-o", `${folder}/trace`, "sh", "-c", script);
    said = [...Deno.readTextFileSync(`${folder}/trace`).matchAll(/fsync\(.*<([\d.]+)>$/gm)].map(([, s]) =>
      Number(s) * 1e3
    );
  }, { probes: ["syscall_latency"], comm: "dd", thresholds: { callThresholdNs: 1000 } });
  const told = only(seen, "syscall", ({ call }) => call === "fsync").map(({ startNs, tsNs }) => (tsNs - startNs) / 1e6);
  const common = {
    signal: "syscall_latency_ms",
    what: `${SYNCS} processes, each calls fsync once`,
    oracle: "strace -T",
    n: SYNCS,
  } as const;
  return [
    { ...common, stat: "count", unit: "count", ours: told.length, theirs: said.length, allowed: 0 },
    {
      ...common,
      stat: "median",
      unit: "ms",
      ours: median(told),
      theirs: median(said),
      allowed: 0.3 + 0.05 * median(said),
      because: "strace's interval contains two switches between the program and strace",
    },
  ];
}

/** Most of these are under the threshold, and in tallies. */
async function manyCalls(folder: string): Promise<Comparison[]> {
  const dd = ["dd", "if=/dev/zero", "of=/dev/null", "bs=1", `count=${BLOCKS}`, "status=none"];
  const seen = await watched(async () => {
    await exec("strace", "-f", "-qq", "-c", "-o", `${folder}/counts`, "sh", "-c", dd.join(" ") + "; true");
  }, { probes: ["syscall_latency"], comm: "dd" });
  // After exec it is dd; what its shell did before is not in our accounts, but in strace's.
  const counted = (name: string) =>
    Number(
      new RegExp(`^ *\\S+ +\\S+ +\\S+ +(\\d+) .*\\b${name}$`, "m").exec(Deno.readTextFileSync(`${folder}/counts`))?.[1],
    );
  return [{
    signal: "syscall_latency_ms",
    what: `dd copies ${BLOCKS} single bytes: calls of write`,
    oracle: "strace -c",
    n: BLOCKS,
    stat: "count",
    unit: "count",
    ours: calls(seen, "dd", "write"),
    theirs: counted("write"),
    allowed: 0,
  }];
}

export const syscalls: Measurement = {
  name: "syscall_latency_ms",
  needs: () => lacks("strace"),
  measure: async () => {
    const folder = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "sloctl-accuracy-" });
    try {
      return [...await fsync(folder), ...await manyCalls(folder)];
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};
