/** Reads the shared parts of the wire format out of a record. All integers are little endian, as BPF objects are built. */
import type { Owner, Stamp, ThreadClock, Tuple } from "../model/kernel_event.ts";
import { WIRE } from "./wire.gen.ts";

const NO_CLOCK = 0xffffffff;
const TWO_32 = 4294967296;
const TCP = 6;

/** An unsigned 64-bit integer as a number: exact to 2^53. Faster than through bigint. */
export function u64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * TWO_32 + view.getUint32(at, true);
}

/** Text up to the first NUL. */
export function text(view: DataView, at: number, most: number): string {
  let out = "";
  for (let i = 0; i < most; i++) {
    const byte = view.getUint8(at + i);
    if (byte === 0) break;
    out += String.fromCharCode(byte);
  }
  return out;
}

export function owner(view: DataView, at: number): Owner {
  return {
    pid: view.getUint32(at + WIRE.event.pid, true),
    tid: view.getUint32(at + WIRE.event.tid, true),
    comm: text(view, at + WIRE.event.comm, 16),
    cgroupId: view.getBigUint64(at + WIRE.event.cgroup_id, true),
    netns: view.getUint32(at + WIRE.event.netns, true),
    startNs: u64(view, at + WIRE.event.process_start_ns),
  };
}

/** What every event begins with. */
export const base = (view: DataView, at: number) => ({
  tsNs: u64(view, at + WIRE.event.ts_ns),
  owner: owner(view, at),
});

/** IPv4-mapped addresses are written as IPv4; IPv6 in the form of RFC 5952. */
export function address(view: DataView, at: number): string {
  const words: number[] = [];
  for (let i = 0; i < 8; i++) words.push(view.getUint16(at + 2 * i, false));
  if (words.slice(0, 5).every((w) => w === 0) && words[5] === 0xffff) {
    return `${view.getUint8(at + 12)}.${view.getUint8(at + 13)}.${view.getUint8(at + 14)}.${view.getUint8(at + 15)}`;
  }
  // The longest run of zeros, the first one if there are several, becomes "::".
  let best = -1, bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && words[i + length] === 0) length++;
    if (length > bestLength) [best, bestLength] = [i, length];
  }
  const hex = words.map((w) => w.toString(16));
  if (best < 0) return hex.join(":");
  return `${hex.slice(0, best).join(":")}::${hex.slice(best + bestLength).join(":")}`;
}

export function tuple(view: DataView, at: number): Tuple {
  return {
    srcIp: address(view, at + WIRE.tuple.src),
    srcPort: view.getUint16(at + WIRE.tuple.src_port, true),
    dstIp: address(view, at + WIRE.tuple.dst),
    dstPort: view.getUint16(at + WIRE.tuple.dst_port, true),
    protocol: view.getUint16(at + WIRE.tuple.protocol, true) === TCP ? "tcp" : "udp",
  };
}

export function threadClock(view: DataView, at: number): ThreadClock | null {
  if (view.getUint32(at + WIRE.clock.run_ns + 4, true) === NO_CLOCK) return null;
  return {
    runNs: u64(view, at + WIRE.clock.run_ns),
    runqNs: u64(view, at + WIRE.clock.runq_ns),
    throttledNs: u64(view, at + WIRE.clock.throttled_ns),
    reclaimNs: u64(view, at + WIRE.clock.reclaim_ns),
  };
}

/** null where the instant has not come, or cannot be seen. */
export function stamp(view: DataView, at: number): Stamp | null {
  const ns = u64(view, at + WIRE.stamp.ns);
  return ns === 0 ? null : { ns, clock: threadClock(view, at + WIRE.stamp.clock) };
}
