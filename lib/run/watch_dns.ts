/** DNS queries that got no answer: they leave the kernel's table as the records that an answer would have made of them. */
import { u64 } from "../decode/fields.ts";
import { DNS_FLAG, DNS_LIMIT, WIRE } from "../decode/wire.gen.ts";
import type { ProbeSession } from "../kernel/session.ts";

const MS = 1e6;
const TIMEOUT_NS = DNS_LIMIT.dns_timeout_ms * MS;
/** An address given to a send that never became a packet. */
const SENDING_NS = 5000 * MS;
/** What is known of a TCP connection to a resolver, when nothing has passed for so long. It is learned again. */
const STREAM_NS = 30_000 * MS;
/** What is known of a socket that asked, when it has asked nothing for so long. It is learned again. */
const ASKER_NS = 30_000 * MS;
const UNKNOWN = 0xffffffff;

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Takes out of the kernel's tables what is over by now, and returns a record for every query that failed: 5 s without an answer, or
 * earlier where the socket was told that nobody listens, or was closed. A query that is answered at this moment is left to the kernel.
 */
export function sweepDns(session: ProbeSession, nowNs: number): Bytes[] {
  const failures = [...session.values("dns_failures")];
  const failed = new Map(failures.map(({ key, value }) => [u64(viewOf(key), 0), viewOf(value)]));
  const records: Bytes[] = [];
  for (const { key, value } of [...session.values("dns_pending")]) {
    const record = value.slice(0, WIRE.dns.size);
    const view = viewOf(record);
    const startNs = u64(view, WIRE.dns.start + WIRE.stamp.ns);
    if (startNs === 0) continue; // on its way into the table
    const failure = failed.get(u64(view, WIRE.dns.cookie));
    const failedNs = failure === undefined ? Infinity : u64(failure, 0);
    const early = failedNs >= startNs && failedNs < startNs + TIMEOUT_NS;
    const endNs = early ? failedNs : startNs + TIMEOUT_NS;
    if (endNs > nowNs || !session.delete("dns_pending", key)) continue;
    view.setBigUint64(WIRE.event.ts_ns, BigInt(endNs), true);
    const errno = early ? u64(failure!, 8) : 0;
    const flags = DNS_FLAG.dns_no_answer | (early && errno === 0 ? DNS_FLAG.dns_abandoned : 0);
    view.setUint16(WIRE.event.flags, view.getUint16(WIRE.event.flags, true) | flags, true);
    view.setUint32(WIRE.dns.error, errno, true);
    view.setUint32(WIRE.dns.end_clock + WIRE.clock.run_ns + 4, UNKNOWN, true);
    records.push(record);
  }
  for (const { key } of failures) session.delete("dns_failures", key);
  deleteIdle(session, "dns_sending", SENDING_AT, nowNs - SENDING_NS);
  deleteIdle(session, "dns_streams", STREAM_AT, nowNs - STREAM_NS);
  deleteIdle(session, "dns_askers", ASKER_AT, nowNs - ASKER_NS);
  return records;
}

/** Where the structs dns_sending, dns_stream and dns_asker of bpf/dns_state.bpf.h keep the time of their last use. */
const SENDING_AT = 16;
const ASKER_AT = 0;
const STREAM_AT = WIRE.event.size;

type Idle = "dns_sending" | "dns_streams" | "dns_askers";

function deleteIdle(session: ProbeSession, map: Idle, at: number, beforeNs: number): void {
  for (const { key, value } of [...session.values(map)]) {
    if (u64(viewOf(value), at) < beforeNs) session.delete(map, key);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
