/** One ring record -> one KernelEvent, or a reason why not. Pure; the caller counts the refusals. */
import type {
  ConnectEvent,
  DnsEvent,
  ExchangeEvent,
  GapEvent,
  KernelEvent,
  RetransmitEvent,
  TimerEvent,
  TlsEvent,
  UnreadEvent,
  WaitEvent,
  WaitSumEvent,
} from "../model/kernel_event.ts";
import { endedNs, idText, owner, stamp, text, threadClock, tuple, u64 } from "./fields.ts";
import { decodeDisk, decodeReclaim, decodeSyscall, decodeTally } from "./host_records.ts";
import { queryName } from "./query_name.ts";
import { DNS_FLAG, EXCHANGE_FLAG, KIND, RETRANSMIT_FLAG, TLS_FLAG, WIRE } from "./wire.gen.ts";

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;
const NOTHING = /^0+$/;

const SIZES: Readonly<Record<number, number>> = {
  [KIND.dns]: WIRE.dns.size,
  [KIND.connect]: WIRE.connect.size,
  [KIND.exchange]: WIRE.exchange.size,
  [KIND.gap]: WIRE.gap.size,
  [KIND.unread]: WIRE.gap.size,
  [KIND.runq]: WIRE.wait.size,
  [KIND.throttled]: WIRE.wait.size,
  [KIND.wait_sum]: WIRE.waitSum.size,
  [KIND.timer]: WIRE.timer.size,
  [KIND.tls]: WIRE.tls.size,
  [KIND.retransmit]: WIRE.retransmit.size,
  [KIND.reclaim]: WIRE.reclaim.size,
  [KIND.disk]: WIRE.disk.size,
  [KIND.syscall]: WIRE.syscall.size,
  [KIND.tally]: WIRE.tally.size,
};

/** Why a record was refused. */
export type Refusal = "short" | "unknown_kind" | "wrong_size";

/** Decodes the record of `length` bytes at `at`. */
export function decodeRecord(view: DataView, at: number, length: number): KernelEvent | Refusal {
  if (length < WIRE.event.size) return "short";
  const kind = view.getUint16(at + WIRE.event.kind, true);
  const size = SIZES[kind];
  if (size === undefined) return "unknown_kind";
  if (length !== size) return "wrong_size";
  switch (kind) {
    case KIND.dns:
      return decodeDns(view, at);
    case KIND.connect:
      return decodeConnect(view, at);
    case KIND.exchange:
      return decodeExchange(view, at);
    case KIND.gap:
      return decodePause(view, at, "gap");
    case KIND.unread:
      return decodePause(view, at, "unread");
    case KIND.tls:
      return decodeTls(view, at);
    case KIND.retransmit:
      return decodeRetransmit(view, at);
    case KIND.timer:
      return decodeTimer(view, at);
    case KIND.reclaim:
      return decodeReclaim(view, at);
    case KIND.disk:
      return decodeDisk(view, at);
    case KIND.syscall:
      return decodeSyscall(view, at);
    case KIND.tally:
      return decodeTally(view, at) ?? "unknown_kind";
    case KIND.wait_sum:
      return decodeWaitSum(view, at);
    default:
      return decodeWait(view, at, kind === KIND.runq ? "runq" : "throttled");
  }
}

function decodeDns(view: DataView, at: number): DnsEvent {
  const flags = view.getUint16(at + WIRE.event.flags, true);
  return {
    kind: "dns",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    startNs: u64(view, at + WIRE.dns.start + WIRE.stamp.ns),
    startClock: threadClock(view, at + WIRE.dns.start + WIRE.stamp.clock),
    endClock: threadClock(view, at + WIRE.dns.end_clock),
    tuple: tuple(view, at + WIRE.dns.tuple),
    queryName: queryName(view, at + WIRE.dns.name, view.getUint16(at + WIRE.dns.name_len, true)),
    queryType: view.getUint16(at + WIRE.dns.query_type, true),
    queryId: view.getUint16(at + WIRE.dns.query_id, true),
    cookie: idText(view, at + WIRE.dns.cookie),
    packets: view.getUint16(at + WIRE.dns.packets, true),
    rcode: flags & DNS_FLAG.dns_no_answer ? null : view.getUint16(at + WIRE.dns.rcode, true),
    answers: view.getUint16(at + WIRE.dns.answers, true),
    truncated: (flags & DNS_FLAG.dns_truncated) !== 0,
    abandoned: (flags & DNS_FLAG.dns_abandoned) !== 0,
    errno: view.getUint32(at + WIRE.dns.error, true),
  };
}

function decodeConnect(view: DataView, at: number): ConnectEvent {
  return {
    kind: "connect",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    startNs: u64(view, at + WIRE.connect.start + WIRE.stamp.ns),
    startClock: threadClock(view, at + WIRE.connect.start + WIRE.stamp.clock),
    endClock: threadClock(view, at + WIRE.connect.end_clock),
    tuple: tuple(view, at + WIRE.connect.tuple),
    cookie: idText(view, at + WIRE.connect.cookie),
    errno: view.getInt32(at + WIRE.connect.error, true),
  };
}

function decodeExchange(view: DataView, at: number): ExchangeEvent {
  const flags = view.getUint16(at + WIRE.event.flags, true);
  const start = stamp(view, at + WIRE.exchange.request_start) ?? { ns: 0, clock: null };
  const trace = traceIds(view, at, flags);
  return {
    kind: "exchange",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    phase: flags & EXCHANGE_FLAG.end ? "end" : "first",
    role: flags & EXCHANGE_FLAG.server ? "server" : "client",
    tuple: tuple(view, at + WIRE.exchange.tuple),
    cookie: idText(view, at + WIRE.exchange.cookie),
    turn: view.getUint32(at + WIRE.exchange.turn, true),
    preexisting: (flags & EXCHANGE_FLAG.preexisting) !== 0,
    shared: (flags & EXCHANGE_FLAG.shared) !== 0,
    requestStart: start,
    requestEnd: stamp(view, at + WIRE.exchange.request_end) ?? start,
    responseStart: stamp(view, at + WIRE.exchange.response_start),
    responseEnd: stamp(view, at + WIRE.exchange.response_end),
    firstRead: stamp(view, at + WIRE.exchange.first_read),
    bytesOut: u64(view, at + WIRE.exchange.bytes_out),
    bytesIn: u64(view, at + WIRE.exchange.bytes_in),
    chunks: view.getUint32(at + WIRE.exchange.chunks, true),
    maxGapNs: u64(view, at + WIRE.exchange.max_gap_ns),
    traceId: trace.traceId,
    spanId: trace.spanId,
  };
}

/** The ids seen on the wire; all-zero or malformed ones are none. */
function traceIds(view: DataView, at: number, flags: number): { traceId: string | null; spanId: string | null } {
  if (!(flags & EXCHANGE_FLAG.trace)) return { traceId: null, spanId: null };
  const traceId = text(view, at + WIRE.exchange.trace_id, 32).toLowerCase();
  const spanId = text(view, at + WIRE.exchange.span_id, 16).toLowerCase();
  const good = TRACE_ID.test(traceId) && SPAN_ID.test(spanId) && !NOTHING.test(traceId) && !NOTHING.test(spanId);
  return good ? { traceId, spanId } : { traceId: null, spanId: null };
}

function decodePause(view: DataView, at: number, kind: "gap" | "unread"): GapEvent | UnreadEvent {
  const flags = view.getUint16(at + WIRE.event.flags, true);
  const traceId = flags & EXCHANGE_FLAG.trace ? text(view, at + WIRE.gap.trace_id, 32).toLowerCase() : "";
  return {
    kind,
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    startNs: u64(view, at + WIRE.gap.start_ns),
    role: flags & EXCHANGE_FLAG.server ? "server" : "client",
    tuple: tuple(view, at + WIRE.gap.tuple),
    cookie: idText(view, at + WIRE.gap.cookie),
    traceId: TRACE_ID.test(traceId) ? traceId : null,
  };
}

function decodeWait(view: DataView, at: number, kind: "runq" | "throttled"): WaitEvent {
  return { kind, tsNs: endedNs(view, at), owner: owner(view, at), startNs: u64(view, at + WIRE.wait.start_ns) };
}

const ENCRYPTED_ALERT = 256;

function decodeTls(view: DataView, at: number): TlsEvent {
  const flags = view.getUint16(at + WIRE.event.flags, true);
  const alert = view.getUint32(at + WIRE.tls.alert, true);
  const failed = (flags & TLS_FLAG.tls_failed) !== 0;
  return {
    kind: "tls",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    startNs: u64(view, at + WIRE.tls.start + WIRE.stamp.ns),
    startClock: threadClock(view, at + WIRE.tls.start + WIRE.stamp.clock),
    endClock: threadClock(view, at + WIRE.tls.end_clock),
    tuple: tuple(view, at + WIRE.tls.tuple),
    cookie: idText(view, at + WIRE.tls.cookie),
    role: flags & TLS_FLAG.tls_server ? "server" : "client",
    version13: (flags & TLS_FLAG.tls_v13) !== 0,
    failed,
    failedBy: failed ? (flags & TLS_FLAG.tls_by_peer ? "peer" : "here") : null,
    alert: !failed || alert === 0 ? null : alert === ENCRYPTED_ALERT ? "encrypted" : alert,
  };
}

function decodeRetransmit(view: DataView, at: number): RetransmitEvent {
  const flags = view.getUint16(at + WIRE.event.flags, true);
  return {
    kind: "retransmit",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    tuple: tuple(view, at + WIRE.retransmit.tuple),
    cookie: idText(view, at + WIRE.retransmit.cookie),
    segments: view.getUint32(at + WIRE.retransmit.segments, true),
    segmentsSent: u64(view, at + WIRE.retransmit.segments_sent) || null,
    of: flags & RETRANSMIT_FLAG.rtx_synack
      ? "synack"
      : flags & RETRANSMIT_FLAG.rtx_syn
      ? "syn"
      : flags & RETRANSMIT_FLAG.rtx_tlp
      ? "tlp"
      : "data",
  };
}

function decodeTimer(view: DataView, at: number): TimerEvent {
  return {
    kind: "timer",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    startNs: u64(view, at + WIRE.timer.start_ns),
    endClock: threadClock(view, at + WIRE.timer.clock),
  };
}

function decodeWaitSum(view: DataView, at: number): WaitSumEvent {
  return {
    kind: "wait_sum",
    tsNs: endedNs(view, at),
    owner: owner(view, at),
    runqNs: u64(view, at + WIRE.waitSum.runq_ns),
    runqCount: view.getUint32(at + WIRE.waitSum.runq_count, true),
    throttledNs: u64(view, at + WIRE.waitSum.throttled_ns),
    throttledCount: view.getUint32(at + WIRE.waitSum.throttled_count, true),
    runqCounts: smallCounts(view, at + WIRE.waitSum.runq_counts),
  };
}

function smallCounts(view: DataView, at: number): number[] {
  const length = (WIRE.waitSum.size - WIRE.waitSum.runq_counts) / 4;
  return Array.from({ length }, (_, i) => view.getUint32(at + 4 * i, true));
}

/** What is left in a thread's state when the agent ends: its last, partial sum. null when there is nothing in it. */
export function decodeThread(tid: number, view: DataView, nowNs: number): WaitSumEvent | null {
  const field = WIRE.thread;
  const runqCount = view.getUint32(field.small_runq_count, true);
  const throttledCount = view.getUint32(field.small_throttled_count, true);
  if (runqCount === 0 && throttledCount === 0) return null;
  return {
    kind: "wait_sum",
    tsNs: nowNs,
    owner: {
      pid: view.getUint32(field.tgid, true),
      tid,
      comm: text(view, field.comm, 16),
      cgroupId: view.getBigUint64(field.cgroup_id, true),
      netns: 0,
      startNs: u64(view, field.process_start_ns),
    },
    runqNs: u64(view, field.small_runq_ns),
    runqCount,
    throttledNs: u64(view, field.small_throttled_ns),
    throttledCount,
    runqCounts: smallCounts(view, field.small_runq_counts),
  };
}

/** Bytes of one record of each kind, without the ring's own 8 for each. */
export const RECORD_BYTES: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(KIND).flatMap(([name, kind]) => SIZES[kind] === undefined ? [] : [[name, SIZES[kind]]]),
);

/** Names of the kinds, for reporting drops by kind number. */
export const KIND_NAMES: readonly string[] = Object.entries(KIND).filter(([name]) => name !== "kinds")
  .reduce<string[]>((names, [name, kind]) => {
    names[kind] = name;
    return names;
  }, ["none"]);
