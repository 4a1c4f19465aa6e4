import type { MissingProbe } from "../model/diagnosis.ts";

export interface Lacking {
  readonly attached: readonly string[];
  /** The kernel tells when an application has read from a socket. */
  readonly haveRead: boolean;
  /** Probes in their plain form, which see packets alone. */
  readonly plain: readonly string[];
  /** Throttling is told by control group, because the kernel does not mark throttled threads. */
  readonly throttledByGroup: boolean;
  /** No hierarchy of control groups can be read. */
  readonly noQuotas: boolean;
  /** System calls were wanted, but of no process in particular. */
  readonly callsWithoutTarget: boolean;
  /** Why stolen CPU time is not told, or null. */
  readonly steal: string | null;
}

/** Signals that cannot be given, or not whole, although their probe is attached or needs none. */
export function signalsMissing(lacking: Lacking): MissingProbe[] {
  const missing: MissingProbe[] = [];
  if (lacking.attached.includes("stream") && !lacking.haveRead) {
    missing.push({
      probe: "socket_wait_ms",
      reason: lacking.plain.includes("stream")
        ? "the plain form of stream sees packets alone"
        : "this kernel has no tracepoint sock_recv_length (since 6.3), and lets no function be traced in its place",
      costs: "when an application read what had arrived; who talks over UNIX sockets",
    });
  }
  if (lacking.throttledByGroup && lacking.noQuotas) {
    missing.push({
      probe: "cfs_throttled_ms",
      reason: "this kernel does not mark throttled threads (since 6.18), and no control groups are mounted here",
      costs: "throttling by a quota; its time counts as waiting for a CPU",
    });
  } else if (lacking.throttledByGroup) {
    missing.push({
      probe: "cfs_throttled_ms",
      reason: "this kernel does not mark throttled threads (since 6.18): told by control group, from cpu.stat",
      costs: "which thread a quota stopped, and when; for a thread it counts as waiting for a CPU",
    });
  }
  if (lacking.callsWithoutTarget) {
    missing.push({
      probe: "syscall_latency_ms",
      reason: "no target was named: every system call of the machine would pay for it",
      costs: "slow system calls; name whom to watch with --pid, --comm or --cgroup",
      by_choice: true,
    });
  }
  if (lacking.steal !== null) {
    missing.push({
      probe: "cpu_steal_pct",
      reason: `unavailable: ${lacking.steal}`,
      costs: "CPU time that the hypervisor takes away",
    });
  }
  return missing;
}
