/** A thread that stamps should not be kept waiting: short slices let it run when it wakes. Linux 6.12 and later; no rights needed. */
import { socketLibc } from "./libc.ts";

const SCHED_SETATTR: Readonly<Record<string, bigint>> = { x86_64: 314n, aarch64: 274n };
/** struct sched_attr: size, policy (0: SCHED_OTHER), flags, nice, priority, runtime, deadline, period. */
const ATTR_BYTES = 48;
const NICE_AT = 16;
const RUNTIME_AT = 24;
/** The shortest there is. */
const SLICE_US = 100;
const PRIO_PROCESS = 0;

/**
 * Asks for the shortest slice for the calling thread. Its share of the CPU stays what it is, so nothing is taken from a server on the
 * same machine; but a thread that wakes with a shorter slice than the one running takes its place at once.
 *
 * @returns microseconds asked for; null where the system refuses. Older kernels accept and ignore it.
 */
export function shortSlices(): number | null {
  const libc = socketLibc();
  const number = SCHED_SETATTR[Deno.build.arch];
  if (libc === null || number === undefined) return null;
  const attr = new DataView(new ArrayBuffer(ATTR_BYTES));
  attr.setUint32(0, ATTR_BYTES, true);
  attr.setInt32(NICE_AT, libc.getpriority(PRIO_PROCESS, 0), true);
  attr.setBigUint64(RUNTIME_AT, BigInt(SLICE_US * 1000), true);
  return libc.syscall(number, 0n, new Uint8Array(attr.buffer), 0n) === 0n ? SLICE_US : null;
}
