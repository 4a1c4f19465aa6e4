import type { MissingProbe } from "../model/diagnosis.ts";

/** Signals that this kernel cannot give although their probe is attached. `release` as uname says it: 6.18.5-cloud. */
export function signalsMissing(attached: readonly string[], haveRead: boolean, release: string): MissingProbe[] {
  const missing: MissingProbe[] = [];
  if (attached.includes("stream") && !haveRead) {
    missing.push({
      probe: "socket_wait_ms",
      reason: "this kernel has no tracepoint sock_recv_length (since 6.3)",
      costs: "when an application read what had arrived",
    });
  }
  const [major = 0, minor = 0] = release.split(/[.-]/).map(Number);
  if (attached.includes("runqueue_delay") && (major < 6 || (major === 6 && minor < 18))) {
    missing.push({
      probe: "cfs_throttled_ms",
      reason: `this kernel (${release}) does not mark throttled threads (since 6.18)`,
      costs: "throttling by a quota; its time counts as waiting for a CPU",
    });
  }
  return missing;
}
