/** What the scheduler did with the calling thread so far, from /proc: how long it ran, and how long it was ready and had to wait. */
import { socketLibc } from "../host/libc.ts";

export interface ThreadSchedule {
  readonly ranNs: number;
  /** Ready to run, but another had the CPU. */
  readonly waitedNs: number;
  /** Times it was given a CPU. */
  readonly slices: number;
}

/** Null where the kernel keeps no such account, or may not be asked. */
export function threadSchedule(): ThreadSchedule | null {
  const tid = socketLibc()?.gettid();
  if (tid === undefined) return null;
  try {
    const [ranNs, waitedNs, slices] = Deno.readTextFileSync(`/proc/self/task/${tid}/schedstat`).trim().split(" ").map(
      Number,
    );
    return { ranNs: ranNs!, waitedNs: waitedNs!, slices: slices! };
  } catch {
    return null;
  }
}
