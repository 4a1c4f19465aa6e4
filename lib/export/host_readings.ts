/** Memory, disks, system calls, and the machine's CPU time -> what their signals say. */
import { errnoName } from "../model/codes.ts";
import { SMALL_BOUNDS_MS, TALLY_BOUNDS_MS, trimmed } from "../model/histogram.ts";
import type {
  DiskEvent,
  GroupThrottledEvent,
  ReclaimEvent,
  StealEvent,
  SyscallEvent,
  TallyEvent,
  WaitSumEvent,
} from "../model/kernel_event.ts";
import type { Reading } from "./reading.ts";

const MS = 1e6;
const LAST_ERRNO = 4095;

type DeviceName = (numbers: string) => string;

export function fromReclaim(event: ReclaimEvent): Reading[] {
  const attributes = { at: event.at, pages: event.pages };
  return [{ signal: "mem_reclaim_latency_ms", endNs: event.tsNs, value: took(event), attributes }];
}

export function fromDisk(event: DiskEvent, deviceName: DeviceName): Reading[] {
  const { errno, operation, bytes, sector, issuedNs, startNs } = event;
  const attributes = {
    ...disk(operation, event.device, event.byKernel, deviceName),
    bytes,
    sector,
    queued_ms: (issuedNs - startNs) / MS,
    cause: errno === 0 ? undefined : errnoName(errno),
  };
  const failed = errno === 0 ? {} : { failed: true, errno };
  return [{ signal: "disk_io_latency_ms", endNs: event.tsNs, value: took(event), attributes, ...failed }];
}

function disk(operation: string, device: string, byKernel: boolean, deviceName: DeviceName) {
  return { operation, device: deviceName(device), by: byKernel ? "kernel" : undefined };
}

export function fromSyscall({ startNs, tsNs, call, result }: SyscallEvent): Reading[] {
  const errno = result < 0 && result >= -LAST_ERRNO ? { errno: -result } : {};
  const value = took({ startNs, tsNs });
  return [{ signal: "syscall_latency_ms", endNs: tsNs, value, attributes: { call, result }, ...errno }];
}

/** What was not told one by one. */
export function fromTally({ tsNs, of, sumNs, counts }: TallyEvent, deviceName: DeviceName): Reading[] {
  const histogram = trimmed({ bounds: TALLY_BOUNDS_MS, counts });
  const common = { endNs: tsNs, value: sumNs / MS, histogram };
  if (of.kind === "syscall") {
    const attributes = { call: of.call, waits: of.waits ? "true" : undefined };
    return [{ signal: "syscall_latency_ms", ...common, attributes }];
  }
  if (of.kind === "turn") return [{ signal: "stream_ttft_ms", ...common, attributes: { role: of.role } }];
  const attributes = { ...disk(of.operation, of.device, of.byKernel, deviceName), bytes: of.bytes };
  return [{ signal: "disk_io_latency_ms", ...common, attributes }];
}

/** Waits below the threshold: of those for a CPU it is known how long they were, of throttled ones only how many. */
export function fromWaitSum(event: WaitSumEvent): Reading[] {
  const { tsNs: endNs, runqNs, runqCount, runqCounts, throttledNs, throttledCount } = event;
  const readings: Reading[] = [];
  if (runqCount > 0) {
    const histogram = trimmed({ bounds: SMALL_BOUNDS_MS, counts: runqCounts });
    readings.push({ signal: "runqueue_delay_ms", endNs, value: runqNs / MS, histogram });
  }
  if (throttledCount > 0) {
    const histogram = { bounds: [], counts: [throttledCount] };
    readings.push({ signal: "cfs_throttled_ms", endNs, value: throttledNs / MS, histogram });
  }
  return readings;
}

export function fromSteal({ tsNs, share, stolenNs, cpus }: StealEvent): Reading[] {
  const attributes = { level: "node", stolen_ms: stolenNs / MS, cpus };
  return [{ signal: "cpu_steal_pct", endNs: tsNs, value: 100 * share, attributes }];
}

/** Each throttled period of the group is an occurrence; how long each was, nobody tells. */
export function fromGroupThrottled(event: GroupThrottledEvent): Reading[] {
  const { tsNs, cgroup, throttledNs, throttledPeriods, periods } = event;
  const histogram = { bounds: [], counts: [throttledPeriods] };
  const attributes = { level: "cgroup", periods };
  return [{ signal: "cfs_throttled_ms", endNs: tsNs, value: throttledNs / MS, histogram, attributes, cgroup }];
}

function took({ startNs, tsNs }: { readonly startNs: number; readonly tsNs: number }): number {
  return (tsNs - startNs) / MS;
}
