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

/** Words of a header that say whose it is: all but its time, its kind and its flags. */
const OWNER_WORDS = [WIRE.event.cgroup_id, WIRE.event.process_start_ns, WIRE.event.comm, WIRE.event.comm + 8]
  .flatMap((at) => [at, at + 4]).concat(WIRE.event.pid, WIRE.event.tid, WIRE.event.netns);

/** By thread. One thread's events come by the thousand: they share one object, and its name is read once. */
const owners = new Map<number, { readonly words: Uint32Array; readonly owner: Owner }>();
const addresses = new Map<number, string>();
const MOST_KEPT = 4096;

function keep<K, V>(map: Map<K, V>, key: K, value: V): V {
  if (map.size >= MOST_KEPT) map.clear();
  map.set(key, value);
  return value;
}

export function owner(view: DataView, at: number): Owner {
  const tid = view.getUint32(at + WIRE.event.tid, true);
  const known = owners.get(tid);
  if (known !== undefined && isSame(known.words, view, at)) return known.owner;
  const words = Uint32Array.from(OWNER_WORDS, (offset) => view.getUint32(at + offset, true));
  return keep(owners, tid, {
    words,
    owner: {
      pid: view.getUint32(at + WIRE.event.pid, true),
      tid,
      comm: text(view, at + WIRE.event.comm, 16),
      cgroupId: view.getBigUint64(at + WIRE.event.cgroup_id, true),
      netns: view.getUint32(at + WIRE.event.netns, true),
      startNs: u64(view, at + WIRE.event.process_start_ns),
    },
  }).owner;
}

function isSame(words: Uint32Array, view: DataView, at: number): boolean {
  for (let i = 0; i < words.length; i++) {
    if (words[i] !== view.getUint32(at + OWNER_WORDS[i]!, true)) return false;
  }
  return true;
}

/** When it ended: what every event has beside its owner. */
export const endedNs = (view: DataView, at: number) => u64(view, at + WIRE.event.ts_ns);

/** A 64-bit id in decimal digits. */
export function idText(view: DataView, at: number): string {
  // Small ones, as nearly all are, without a bigint on the way.
  return view.getUint32(at + 4, true) < 1 << 20 ? `${u64(view, at)}` : view.getBigUint64(at, true).toString();
}

/** The third word of an IPv4-mapped address. */
const MAPPED = 0xffff;
const dotted = (n: number) => `${n >>> 24}.${n >>> 16 & 255}.${n >>> 8 & 255}.${n & 255}`;

/** IPv4-mapped addresses are written as IPv4; IPv6 in the form of RFC 5952. */
export function address(view: DataView, at: number): string {
  if (view.getUint32(at + 8) === MAPPED && view.getUint32(at) === 0 && view.getUint32(at + 4) === 0) {
    const number = view.getUint32(at + 12);
    return addresses.get(number) ?? keep(addresses, number, dotted(number));
  }
  const words: number[] = [];
  for (let i = 0; i < 8; i++) words.push(view.getUint16(at + 2 * i, false));
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
