import { assertEquals } from "@std/assert";
import { SMALL_BOUNDS_MS, TALLY_BOUNDS_MS } from "../model/histogram.ts";
import { type KernelEvent, NOBODY } from "../model/kernel_event.ts";
import type { ProbeEventV1Alpha2 } from "../model/probe_event.ts";
import { validate } from "../report/validate.ts";
import { type ProbeEventContext, toProbeEvents } from "./probe_event.ts";

const MS = 1e6;
const owner = { pid: 10, tid: 11, comm: "postgres", cgroupId: 5n, netns: 0 };
const context: ProbeEventContext = {
  node: "n1",
  namespace: "",
  pod: "",
  container: "",
  toUnixNs: (ns) => 1_790_000_000_000_000_000n + BigInt(ns),
  deviceName: (numbers) => numbers === "254:0" ? "vda" : numbers,
  process: () => ({ exe: "/usr/bin/postgres", cgroup: "/db" }),
  schemaVersion: "v1alpha2",
};
const disk: KernelEvent = {
  kind: "disk",
  startNs: MS,
  issuedNs: 3 * MS,
  tsNs: 21 * MS,
  owner,
  device: "254:0",
  operation: "write",
  sector: 2048,
  bytes: 4096,
  byKernel: false,
  errno: 0,
};
const counts = (length: number, at: number, n: number) => Array.from({ length }, (_, i) => i === at ? n : 0);

/** What is left of a document without its place and owner. */
function told(event: KernelEvent) {
  return toProbeEvents(event, context).map((document) => {
    assertEquals(
      validate(
        "probe-event/v1alpha2",
        JSON.parse(JSON.stringify(document, (_, v) => typeof v === "bigint" ? Number(v) : v)),
      ),
      [],
    );
    const { signal, value, unit, status, errno, attributes, histogram, cgroup, process } =
      document as ProbeEventV1Alpha2;
    return { signal, value, unit, status, errno, attributes, histogram, cgroup, comm: process?.comm };
  });
}

Deno.test("memory, disks, system calls and the machine, by the contract", () => {
  const common = { unit: "ms", errno: undefined, histogram: undefined, cgroup: "/db", comm: "postgres" } as const;
  const written = { operation: "write", device: "vda", bytes: 4096, sector: 2048, queued_ms: 2 };
  const rows: [string, KernelEvent, ReturnType<typeof told>][] = [
    ["reclaim", { kind: "reclaim", startNs: 0, tsNs: 8 * MS, owner, at: "cgroup", pages: 32 }, [
      {
        ...common,
        signal: "mem_reclaim_latency_ms",
        value: 8,
        status: "warning",
        attributes: { at: "cgroup", pages: 32 },
      },
    ]],
    ["disk", disk, [
      { ...common, signal: "disk_io_latency_ms", value: 20, status: "warning", attributes: written },
    ]],
    ["disk that failed quickly", { ...disk, tsNs: 2 * MS, errno: 5, byKernel: true }, [{
      ...common,
      signal: "disk_io_latency_ms",
      value: 1,
      status: "error",
      errno: 5,
      attributes: { ...written, by: "kernel", cause: "EIO" },
    }]],
    ["call", { kind: "syscall", startNs: 0, tsNs: 60 * MS, owner, call: "fsync", result: 0 }, [
      {
        ...common,
        signal: "syscall_latency_ms",
        value: 60,
        status: "warning",
        attributes: { call: "fsync", result: 0 },
      },
    ]],
    ["call that failed", { kind: "syscall", startNs: 0, tsNs: 2 * MS, owner, call: "fsync", result: -5 }, [{
      ...common,
      signal: "syscall_latency_ms",
      value: 2,
      status: "ok",
      errno: 5,
      attributes: { call: "fsync", result: -5 },
    }]],
    [
      "address that looks negative",
      { kind: "syscall", startNs: 0, tsNs: 2 * MS, owner, call: "mmap", result: -70000 },
      [
        {
          ...common,
          signal: "syscall_latency_ms",
          value: 2,
          status: "ok",
          attributes: { call: "mmap", result: -70000 },
        },
      ],
    ],
    [
      "tally of reads",
      {
        kind: "tally",
        tsNs: 0,
        owner: { ...owner, tid: 0 },
        of: { kind: "disk", device: "254:0", operation: "read", bytes: 8192, byKernel: false },
        sumNs: 3 * MS,
        counts: counts(98, 5, 2),
      },
      [{
        ...common,
        signal: "disk_io_latency_ms",
        value: 3,
        status: "ok",
        attributes: { operation: "read", device: "vda", bytes: 8192 },
        histogram: { bounds: TALLY_BOUNDS_MS.slice(4, 6), counts: [0, 2, 0] },
      }],
    ],
    [
      "tally of calls that only wait",
      {
        kind: "tally",
        tsNs: 0,
        owner: { ...owner, tid: 0 },
        of: { kind: "syscall", call: "futex", waits: true },
        sumNs: 900 * MS,
        counts: counts(98, 0, 7),
      },
      [{
        ...common,
        signal: "syscall_latency_ms",
        value: 900,
        status: "ok",
        attributes: { call: "futex", waits: "true" },
        histogram: { bounds: TALLY_BOUNDS_MS.slice(0, 1), counts: [7, 0] },
      }],
    ],
    [
      "short waits for a CPU, and short throttling",
      {
        kind: "wait_sum",
        tsNs: 0,
        owner,
        runqNs: 2 * MS,
        runqCount: 40,
        runqCounts: counts(8, 2, 40),
        throttledNs: MS,
        throttledCount: 3,
      },
      [
        {
          ...common,
          signal: "runqueue_delay_ms",
          value: 2,
          status: "ok",
          attributes: undefined,
          histogram: { bounds: SMALL_BOUNDS_MS.slice(1, 3), counts: [0, 40, 0] },
        },
        {
          ...common,
          signal: "cfs_throttled_ms",
          value: 1,
          status: "ok",
          attributes: undefined,
          histogram: { bounds: [], counts: [3] },
        },
      ],
    ],
    ["stolen time", { kind: "steal", startNs: 0, tsNs: 1e9, owner: NOBODY, share: 0.05, stolenNs: 1e8, cpus: 2 }, [{
      ...common,
      signal: "cpu_steal_pct",
      value: 5,
      unit: "pct",
      status: "warning",
      attributes: { level: "node", stolen_ms: 100, cpus: 2 },
      comm: undefined,
    }]],
    [
      "a quota, by group",
      {
        kind: "group_throttled",
        startNs: 0,
        tsNs: 1e9,
        owner: NOBODY,
        cgroup: "/pod7",
        throttledNs: 640 * MS,
        throttledPeriods: 8,
        periods: 10,
      },
      [{
        ...common,
        signal: "cfs_throttled_ms",
        value: 640,
        status: "ok",
        attributes: { level: "cgroup", periods: 10 },
        histogram: { bounds: [], counts: [8] },
        cgroup: "/pod7",
        comm: undefined,
      }],
    ],
  ];
  for (const [name, event, expected] of rows) assertEquals(told(event), expected, name);
});
