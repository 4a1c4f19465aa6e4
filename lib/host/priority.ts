/** A thread that stamps should be late for nobody: how the scheduler is asked for it. Linux only. */
import { socketLibc } from "./libc.ts";

export interface Priority {
  /** Slice asked for, us: a thread that wakes with a shorter slice than the one running takes its place (Linux 6.12 and later). */
  readonly slice_us: number;
  readonly nice: number;
}

const SCHED_SETATTR: Readonly<Record<string, bigint>> = { x86_64: 314n, aarch64: 274n };
/** struct sched_attr: size, policy (0: SCHED_OTHER), flags, nice, priority, runtime, deadline, period. */
const ATTR_BYTES = 48;
const NICE_AT = 16;
const RUNTIME_AT = 24;
const LEAST_SLICE_US = 100;
const PRIO_PROCESS = 0;

/** The shortest slice there is for the calling thread, and `nice` where we may. Null where nothing could be changed. */
export function raisePriority(nice = -10): Priority | null {
  const libc = socketLibc();
  const number = SCHED_SETATTR[Deno.build.arch];
  if (libc === null || number === undefined) return null;
  const now = libc.getpriority(PRIO_PROCESS, 0);
  for (const wanted of [Math.min(nice, now), now]) {
    const attr = new DataView(new ArrayBuffer(ATTR_BYTES));
    attr.setUint32(0, ATTR_BYTES, true);
    attr.setInt32(NICE_AT, wanted, true);
    attr.setBigUint64(RUNTIME_AT, BigInt(LEAST_SLICE_US * 1000), true);
    if (libc.syscall(number, 0n, new Uint8Array(attr.buffer), 0n) === 0n) {
      return { slice_us: LEAST_SLICE_US, nice: wanted };
    }
  }
  return null;
}
