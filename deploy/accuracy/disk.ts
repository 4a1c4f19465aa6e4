/** disk_io_latency_ms against fio, which times its own reads and writes, and the kernel's counters of the device. */
import { exec } from "../../lib/host/exec.ts";
import type { DiskEvent, KernelEvent, TallyEvent } from "../../lib/model/kernel_event.ts";
import { total } from "../../lib/model/histogram.ts";
import { median, only, watched } from "../../lib/testing/watched.ts";
import { type Comparison, lacks, type Measurement, repeats } from "./measure.ts";

const REQUESTS = repeats(2000);

/** A block device that nobody else uses: a loop device over a file. */
async function loopDevice(): Promise<AsyncDisposable & { readonly path: string; readonly numbers: string }> {
  const file = await Deno.makeTempFile({ dir: "/var/tmp", prefix: "sloctl-accuracy-" });
  await exec("dd", "if=/dev/zero", `of=${file}`, "bs=1M", "count=16", "conv=fsync", "status=none");
  const path = (await exec("losetup", "--find", "--show", "--direct-io=on", file)).trim();
  const numbers = (await Deno.readTextFile(`/sys/block/${path.replace("/dev/", "")}/dev`)).trim();
  return {
    path,
    numbers,
    async [Symbol.asyncDispose]() {
      await exec("losetup", "--detach", path);
      await Deno.remove(file);
    },
  };
}

interface FioJob {
  readonly total_ios: number;
  readonly clat_ns: { readonly percentile: Readonly<Record<string, number>> };
}

async function fio(device: string, what: "read" | "write"): Promise<FioJob> {
  // Ahead of everybody else: fio's own clock would count how long it waits for a CPU after its request is complete.
  const text = await exec(
    ...["chrt", "--fifo", "20", "fio"] as const,
    ...["--name=accuracy", `--filename=${device}`, "--direct=1", "--ioengine=psync", `--rw=rand${what}`, "--bs=4k"],
    ...[
      "--size=16M",
      `--number_ios=${REQUESTS}`,
      "--norandommap",
      "--output-format=json",
    ],
  );
  return (JSON.parse(text) as { jobs: readonly Record<string, FioJob>[] }).jobs[0]![what]!;
}

/** Reads and writes completed by the device since it was made: columns 4 and 8 of /proc/diskstats. */
function completed(numbers: string): number {
  const [major, minor] = numbers.split(":");
  const line = new RegExp(`^ *${major} +${minor} \\S+ (.*)$`, "m").exec(Deno.readTextFileSync("/proc/diskstats"))?.[1];
  const [reads, , , , writes] = (line ?? "").split(" ").map(Number);
  return reads! + writes!;
}

/** How many block requests of this device these events tell of, one by one or in tallies. */
function requests(events: readonly KernelEvent[], numbers: string, comm?: string): number {
  const ours = events.filter((event): event is DiskEvent | TallyEvent => {
    const device = event.kind === "disk"
      ? event.device
      : event.kind === "tally" && event.of.kind === "disk" && event.of.device;
    return device === numbers && (comm === undefined || event.owner.comm === comm);
  });
  return ours.reduce((sum, event) => sum + (event.kind === "disk" ? 1 : total(event.counts)), 0);
}

async function psync(what: "read" | "write"): Promise<Comparison[]> {
  await using device = await loopDevice();
  const comparisons: Comparison[] = [];
  // As the agent does it, most of them in tallies, and then one by one.
  for (const diskPerSecond of [undefined, 1e6]) {
    let job: FioJob | undefined;
    const before = completed(device.numbers);
    const seen = await watched(async () => {
      job = await fio(device.path, what);
    }, { probes: ["disk_io"], ...(diskPerSecond === undefined ? {} : { thresholds: { diskPerSecond } }) });
    const common = {
      signal: "disk_io_latency_ms",
      what: `fio psync 4k ${what}, ${diskPerSecond === undefined ? "as the agent tells it" : "all told one by one"}`,
      n: job!.total_ios,
    } as const;
    const count = {
      ...common,
      stat: "count",
      unit: "count",
      allowed: seen.endless,
      ...(seen.endless > 0 && {
        because:
          `our own count of requests whose end was not seen is ${seen.endless}, of all devices: in some guests the ` +
          "kernel runs no tracing program while a thread of the hypervisor's agent is current",
      }),
    } as const;
    comparisons.push(
      { ...count, oracle: "fio", ours: requests(seen.events, device.numbers, "fio"), theirs: job!.total_ios },
      {
        ...count,
        oracle: "/proc/diskstats",
        ours: requests(seen.events, device.numbers),
        theirs: completed(device.numbers) - before,
      },
    );
    if (diskPerSecond === undefined) continue;
    const took = only(seen, "disk", ({ device: numbers, owner }) => numbers === device.numbers && owner.comm === "fio")
      .map(({ startNs, tsNs }) => (tsNs - startNs) / 1e6);
    const theirs = job!.clat_ns.percentile["50.000000"]! / 1e6;
    comparisons.push({
      ...common,
      oracle: "fio clat",
      stat: "median",
      unit: "ms",
      ours: median(took),
      theirs,
      allowed: 0.05 + 0.1 * theirs,
      because: "fio times the whole system call, and wakes up after the request is complete",
    });
  }
  return comparisons;
}

function noLoopDevice(): string | null {
  try {
    Deno.statSync("/dev/loop-control");
    return lacks("losetup", "apt-get install mount");
  } catch {
    return "this machine has no loop devices (modprobe loop)";
  }
}

export const disk: Measurement = {
  name: "disk_io_latency_ms",
  needs: () => lacks("fio") ?? lacks("chrt", "apt-get install util-linux") ?? noLoopDevice(),
  measure: async () => [...await psync("read"), ...await psync("write")],
};
