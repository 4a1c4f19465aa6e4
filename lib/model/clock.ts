/** Conversions between the kernel's monotonic clock and wall time, given one reading of both (lib/host/clock.ts takes it). */

export interface Anchor {
  readonly monotonicNs: number;
  readonly unixNs: bigint;
}

export function toUnixNs(anchor: Anchor, monotonicNs: number): bigint {
  return anchor.unixNs + BigInt(Math.round(monotonicNs - anchor.monotonicNs));
}

export function toMonotonicNs(anchor: Anchor, unixNs: bigint): number {
  return anchor.monotonicNs + Number(unixNs - anchor.unixNs);
}

/** RFC 3339 with milliseconds. */
export function toIso(anchor: Anchor, monotonicNs: number): string {
  return new Date(Number(toUnixNs(anchor, monotonicNs) / 1_000_000n)).toISOString();
}
