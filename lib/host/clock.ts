/**
 * The machine's clocks. BPF stamps with CLOCK_MONOTONIC, which stands still in suspend; CLOCK_BOOTTIME goes on. What is made of the
 * readings stands in lib/model/clock.ts.
 */
import type { Clock, ClockReading } from "../model/clock.ts";
import { libc } from "./libc.ts";

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;
const CLOCK_PROCESS_CPUTIME_ID = 2;
const CLOCK_THREAD_CPUTIME_ID = 3;
const CLOCK_BOOTTIME = 7;

const timespec = new BigInt64Array(2);

function read(clock: number): bigint {
  libc().clock_gettime(clock, timespec);
  return timespec[0]! * 1_000_000_000n + timespec[1]!;
}

/** The same struct in halves: no bigint where a stamp is wanted a hundred thousand times a second. */
const words = new Uint32Array(timespec.buffer);

/** Nanoseconds on the clock that BPF programs stamp with. */
export function monotonicNs(): number {
  libc().clock_gettime(CLOCK_MONOTONIC, timespec);
  return words[0]! * 1e9 + words[2]!;
}

/** CPU time this process (or this thread alone) has used, in nanoseconds. */
export function cpuNs(of: "process" | "thread"): number {
  return Number(read(of === "process" ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_THREAD_CPUTIME_ID));
}

/** All clocks at one instant: the tightest of a few tries, off by half of what passed between the outer two looks. */
export function readClocks(): ClockReading {
  let best: ClockReading | undefined;
  for (let i = 0; i < 5; i++) {
    const before = read(CLOCK_MONOTONIC);
    const unixNs = read(CLOCK_REALTIME);
    const bootNs = Number(read(CLOCK_BOOTTIME));
    const after = read(CLOCK_MONOTONIC);
    const errorNs = Number(after - before) / 2;
    if (best === undefined || errorNs < best.errorNs) {
      best = { monotonicNs: Number(before) + Math.round(errorNs), unixNs, bootNs, errorNs };
    }
  }
  return best!;
}

export const hostClock: Clock = { monotonicNs, read: readClocks };
