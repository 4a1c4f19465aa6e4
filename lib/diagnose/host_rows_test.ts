/** Findings about memory, disks, system calls and the machine's CPU time. */
import { assertEquals } from "@std/assert";
import { TALLY_BOUNDS_MS } from "../model/histogram.ts";
import { type GroupThrottledEvent, type KernelEvent, NOBODY, type TallyEvent } from "../model/kernel_event.ts";
import { diagnose } from "./diagnosis.ts";
import { CONTEXT, disk, owner, reclaim, steal, syscall } from "./fixture.ts";

const run = (events: Iterable<KernelEvent>) => diagnose(events, { ...CONTEXT, deviceName: () => "vda" });
const times = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i));

/** `count` occurrences in the bucket that begins at `fromMs`. */
function tally(of: TallyEvent["of"], fromMs: number, count: number): TallyEvent {
  const counts = Array(TALLY_BOUNDS_MS.length + 1).fill(0);
  counts[TALLY_BOUNDS_MS.findIndex((bound) => bound > fromMs)] = count;
  return { kind: "tally", tsNs: 1e9, owner: owner(9, "postgres"), of, sumNs: fromMs * 1.1 * count * 1e6, counts };
}
const reads = { kind: "disk", device: "254:0", operation: "read", bytes: 4096, byKernel: false } as const;
const quota: GroupThrottledEvent = {
  kind: "group_throttled",
  startNs: 0,
  tsNs: 1e9,
  owner: NOBODY,
  cgroup: "/pod7",
  throttledNs: 640e6,
  throttledPeriods: 8,
  periods: 10,
};

Deno.test("what is a finding about this machine, and its sentence", () => {
  const rows: [string, KernelEvent[], string[]][] = [
    ["reclaim at a limit", times(40, (i) => reclaim(3, i * 100, 8)), [
      "dd[3] had to free memory for 320 ms in the 20 s watched before it got any, all threads together, 40 times, " +
      "longest 8.00 ms: 40 × at the limit of its control group",
    ]],
    ["a little reclaim", times(20, (i) => reclaim(3, i * 100, 0.2, "machine")), []],
    ["much of little reclaim", times(900, (i) => reclaim(3, i, 0.2, "machine")), [
      "dd[3] had to free memory for 180 ms in the 20 s watched before it got any, all threads together, 900 times, " +
      "longest 0.20 ms: 900 × the machine was short of memory",
    ]],
    ["a slow disk", times(30, (i) => disk(9, i * 100, 42)), [
      "postgres[9] waited 42.0 ms (p95) for the disk (read vda), 30 requests",
    ]],
    ["one slow request", [disk(9, 0, 42)], []],
    ["a kernel thread's writes", times(30, (i) => disk(9, i * 100, 42, { operation: "write", byKernel: true })), []],
    ["a disk that fails", [disk(9, 0, 1, { errno: 5 }), disk(9, 5, 1, { errno: 5 }), disk(9, 9, 1)], [
      "postgres[9] had 2 of 3 requests to the disk fail (read vda): 2 × I/O error (EIO)",
    ]],
    ["slow in tallies alone", [tally(reads, 30, 500)], [
      "postgres[9] waited 31.5 ms (p95) for the disk (read vda), 500 requests",
    ]],
    ["quick in tallies", [tally(reads, 0.2, 50_000)], []],
    ["a slow call", times(4, (i) => syscall(9, i * 100, 250)), [
      "postgres[9] spent 250 ms (p95) in fsync(), 4 calls, 1.00 s in all",
    ]],
    ["calls that wait", [tally({ kind: "syscall", call: "epoll_wait", waits: true }, 900, 20)], []],
    ["stolen time", [steal(0, 0.12), steal(1, 0.04)], [
      "the hypervisor took 8.0 % of this machine's CPU time away in the 20 s watched, up to 240 ms in one second",
    ]],
    ["hardly any stolen time", [steal(0, 0.03), ...times(19, (i) => steal(i + 1, 0))], []],
    ["a quota, by group", [quota], [
      "control group /pod7 was stopped by its CPU quota for 640 ms in the 20 s watched, all CPUs together, in 8 periods",
    ]],
  ];
  for (const [name, events, sentences] of rows) {
    assertEquals(run(events).findings.map(({ sentence }) => sentence), sentences, name);
  }
});

Deno.test("disks and calls are apart by what was done, one by one and tallied together", () => {
  const { observed } = run([
    disk(9, 0, 1),
    tally(reads, 0.2, 99),
    disk(9, 0, 1, { operation: "write" }),
    disk(9, 0, 1, { operation: "write", byKernel: true }),
    syscall(9, 0, 2),
    syscall(9, 5, 2, "openat"),
  ]);
  assertEquals(observed.map(({ kind, what, count }) => `${kind} ${what}: ${count}`).sort(), [
    "disk_io_latency_ms read vda: 100",
    "disk_io_latency_ms write vda (kernel): 1",
    "disk_io_latency_ms write vda: 1",
    "syscall_latency_ms fsync: 1",
    "syscall_latency_ms openat: 1",
  ]);
});
