/**
 * The kernel's monotonic clock, and the one way from it to wall time.
 *
 * BPF stamps with CLOCK_MONOTONIC. An anchor is one reading of both clocks, taken as the tightest of a few tries; its error is
 * half of what passed between the two readings of the monotonic clock. Re-anchor now and then: wall time is steered, and the
 * monotonic clock stands still in suspend.
 */
import { libc } from "./libc.ts";

const CLOCK_REALTIME = 0;
const CLOCK_MONOTONIC = 1;

const timespec = new BigInt64Array(2);

function read(clock: number): bigint {
  libc().clock_gettime(clock, timespec);
  return timespec[0]! * 1_000_000_000n + timespec[1]!;
}

/** Nanoseconds on the clock that BPF programs stamp with. */
export function monotonicNs(): number {
  return Number(read(CLOCK_MONOTONIC));
}

/** Both clocks at one instant. */
export interface ClockAnchor {
  readonly monotonicNs: number;
  readonly unixNs: bigint;
  /** How far the pair may be off, in nanoseconds. */
  readonly errorNs: number;
}

export function anchorClocks(): ClockAnchor {
  let best: ClockAnchor | undefined;
  for (let i = 0; i < 5; i++) {
    const before = read(CLOCK_MONOTONIC);
    const unixNs = read(CLOCK_REALTIME);
    const after = read(CLOCK_MONOTONIC);
    const errorNs = Number(after - before) / 2;
    if (best === undefined || errorNs < best.errorNs) {
      best = { monotonicNs: Number(before) + Math.round(errorNs), unixNs, errorNs };
    }
  }
  return best!;
}
