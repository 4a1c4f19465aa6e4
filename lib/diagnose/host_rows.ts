/** Memory, disks, system calls, and the machine's CPU time -> rows. */
import { errnoName } from "../model/codes.ts";
import { TALLY_BOUNDS_MS } from "../model/histogram.ts";
import type { GroupThrottledEvent, KernelEvent, StealEvent, TallyEvent } from "../model/kernel_event.ts";
import type { RowKey, Rows, Who } from "./row.ts";
import { type Place, whereabouts } from "./whereabouts.ts";

const MS = 1e6;

export type HostEvent = Extract<
  KernelEvent,
  { readonly kind: "reclaim" | "disk" | "syscall" | "tally" | "steal" | "group_throttled" }
>;

export interface HostWords {
  /** `254:0` -> `vda` */
  readonly deviceName: (numbers: string) => string;
  /** Of the errors met so far. */
  readonly errnoByName: Map<string, number>;
  /** Whose control group it is. */
  readonly cgroupPlace?: (path: string) => Place | undefined;
}

export function addHostEvent(rows: Rows, event: HostEvent, who: Who, words: HostWords): void {
  const { deviceName } = words;
  switch (event.kind) {
    case "reclaim": {
      const row = rows.get({ kind: "mem_reclaim_latency_ms", peer: null }, who);
      row.add((event.tsNs - event.startNs) / MS);
      row.addThread(event.owner.tid, (event.tsNs - event.startNs) / MS);
      row.addCause(event.at === "cgroup" ? "at the limit of its control group" : "the machine was short of memory");
      return;
    }
    case "disk": {
      const what = diskWhat(event.operation, event.device, event.byKernel, deviceName);
      const row = rows.get({ kind: "disk_io_latency_ms", peer: null, what }, who);
      row.add((event.tsNs - event.startNs) / MS);
      if (event.errno !== 0) {
        row.addCause(errnoName(event.errno));
        words.errnoByName.set(errnoName(event.errno), event.errno);
      }
      return;
    }
    case "syscall": {
      const row = rows.get({ kind: "syscall_latency_ms", peer: null, what: event.call }, who);
      row.add((event.tsNs - event.startNs) / MS);
      return;
    }
    case "tally": {
      const { of, counts, sumNs } = event;
      // What only waits is slow in every idle process: it is in the events, and in no row.
      if (of.kind === "syscall" && of.waits) return;
      const row = rows.get({ peer: null, ...talliedKey(of, deviceName) }, who);
      row.addHistogram({ bounds: TALLY_BOUNDS_MS, counts }, sumNs / MS);
      return;
    }
    case "steal":
      return stolen(rows, event);
    case "group_throttled":
      return groupThrottled(rows, event, words);
  }
}

function talliedKey(
  of: TallyEvent["of"],
  deviceName: HostWords["deviceName"],
): Pick<RowKey, "kind" | "what" | "role"> {
  switch (of.kind) {
    case "disk":
      return { kind: "disk_io_latency_ms", what: diskWhat(of.operation, of.device, of.byKernel, deviceName) };
    case "syscall":
      return { kind: "syscall_latency_ms", what: of.call };
    case "turn":
      return { kind: "stream_ttft_ms", role: of.role }; // with whom is not known
  }
}

/** `write vda`; what a kernel thread does keeps apart, because nobody is known to wait for it. */
function diskWhat(operation: string, device: string, byKernel: boolean, name: (numbers: string) => string): string {
  return `${operation} ${name(device)}${byKernel ? BY_KERNEL : ""}`;
}

/** Marks the rows of kernel threads. */
export const BY_KERNEL = " (kernel)";

const MACHINE: Who = { process: "machine", pid: 0, comm: "(machine)", cgroup: "", where: {} };

/** In ms of CPU time a second, all CPUs together. */
function stolen(rows: Rows, { stolenNs, startNs, tsNs, cpus }: StealEvent): void {
  const row = rows.get({ kind: "cpu_steal_pct", peer: null }, MACHINE);
  row.add(stolenNs / MS);
  row.capacityMs += cpus * (tsNs - startNs) / MS;
}

function groupThrottled(
  rows: Rows,
  { cgroup, throttledNs, throttledPeriods }: GroupThrottledEvent,
  { cgroupPlace }: HostWords,
): void {
  const where = whereabouts(cgroupPlace?.(cgroup));
  const who: Who = { process: `cgroup ${cgroup}`, pid: 0, comm: "(control group)", cgroup, where };
  const row = rows.get({ kind: "cfs_throttled_ms", peer: null }, who);
  row.add(throttledNs / throttledPeriods / MS, throttledPeriods);
}
