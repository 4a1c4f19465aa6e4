/**
 * Probe events back to the kernel events they were written from, as far as they tell: thread clocks, timers and the ends of
 * exchanges are not in them, so what a request's own thread did below the thresholds stays unexplained.
 */
import type { Anchor } from "../model/clock.ts";
import { toMonotonicNs } from "../model/clock.ts";
import { queryTypeNumber, UNKNOWN_ERRNO } from "../model/codes.ts";
import type { DiskOperation, DnsEvent, KernelEvent, Owner, Stamp, Tuple } from "../model/kernel_event.ts";
import type { ProbeEvent, ProbeEventV1Alpha2 } from "../model/probe_event.ts";

type Said = Readonly<Record<string, string | number | undefined>>;

interface Base {
  readonly tsNs: number;
  readonly startNs: number;
  readonly owner: Owner;
}

/** A query without an answer is given up after this long. */
const DNS_PATIENCE_MS = 5000;

/** Events in their order; signals without a kernel event of their own (errors of answered look-ups, aggregates) are left out. */
export function kernelEvents(probes: readonly ProbeEvent[], anchor: Anchor): KernelEvent[] {
  const cgroups = new Map<string, bigint>();
  return probes.flatMap((probe) => {
    const event = kernelEvent(probe as ProbeEventV1Alpha2, anchor, cgroups);
    return event === null ? [] : [event];
  });
}

function kernelEvent(probe: ProbeEventV1Alpha2, anchor: Anchor, cgroups: Map<string, bigint>): KernelEvent | null {
  if (probe.histogram !== undefined) return null;
  const tsNs = toMonotonicNs(anchor, probe.ts_unix_nano);
  const startNs = tsNs - probe.value * 1e6;
  const said = (probe.attributes ?? {}) as Said;
  const base = { tsNs, startNs, owner: ownerOf(probe, cgroups) };
  const tuple = tupleOf(probe);
  const noClocks = { startClock: null, endClock: null };
  switch (probe.signal) {
    case "dns_errors_total":
      if (said.rcode !== undefined) return null; // answered, and told as a latency
      return {
        ...dns(base, said, tuple),
        startNs: tsNs - Number(said.duration_ms ?? DNS_PATIENCE_MS) * 1e6,
        rcode: null,
      };
    case "dns_latency_ms":
      return dns(base, said, tuple);
    case "connect_latency_ms":
      return { ...base, kind: "connect", tuple, cookie: String(said.cookie ?? "0"), errno: 0, ...noClocks };
    case "connect_errors_total": {
      const failed = { startNs: tsNs - Number(said.duration_ms ?? 0) * 1e6, errno: probe.errno ?? UNKNOWN_ERRNO };
      return { ...base, ...failed, kind: "connect", tuple, cookie: String(said.cookie ?? "0"), ...noClocks };
    }
    case "stream_gap_ms": {
      const role = said.role === "server" ? "server" : "client";
      return { ...base, kind: "gap", role, tuple, cookie: String(said.cookie ?? "0"), traceId: probe.trace_id ?? null };
    }
    case "stream_ttft_ms":
      return {
        tsNs,
        owner: base.owner,
        kind: "exchange",
        phase: "first",
        role: said.role === "server" ? "server" : "client",
        tuple,
        cookie: String(said.cookie ?? "0"),
        turn: Number(said.turn ?? 0),
        preexisting: said.preexisting === "true",
        shared: false,
        requestStart: at(startNs),
        requestEnd: at(startNs),
        responseStart: at(tsNs),
        responseEnd: null,
        firstRead: null,
        bytesOut: 0,
        bytesIn: 0,
        chunks: 0,
        maxGapNs: 0,
        traceId: probe.trace_id ?? null,
        spanId: probe.span_id ?? null,
      };
    case "tls_handshake_ms":
      return {
        ...base,
        kind: "tls",
        tuple,
        cookie: String(said.cookie ?? "0"),
        role: said.role === "server" ? "server" : "client",
        version13: said.version === "1.3",
        failed: false,
        failedBy: null,
        alert: null,
        ...noClocks,
      };
    case "tcp_retransmits_total":
      return {
        tsNs,
        owner: base.owner,
        kind: "retransmit",
        tuple,
        cookie: String(said.cookie ?? "0"),
        segments: probe.value,
        segmentsSent: said.segments_sent === undefined ? null : Number(said.segments_sent),
        of: said.of === "syn" || said.of === "synack" || said.of === "tlp" ? said.of : "data",
      };
    case "runqueue_delay_ms":
      return { ...base, kind: "runq" };
    case "cfs_throttled_ms":
      return { ...base, kind: "throttled" };
    case "mem_reclaim_latency_ms":
      return {
        ...base,
        kind: "reclaim",
        at: said.at === "cgroup" ? "cgroup" : "machine",
        pages: Number(said.pages ?? 0),
      };
    case "disk_io_latency_ms":
      return {
        ...base,
        kind: "disk",
        issuedNs: startNs + Number(said.queued_ms ?? 0) * 1e6,
        device: String(said.device ?? ""),
        operation: DISK_OPERATIONS.find((name) => name === said.operation) ?? "other",
        sector: Number(said.sector ?? 0),
        bytes: Number(said.bytes ?? 0),
        byKernel: said.by === "kernel",
        errno: probe.errno ?? 0,
      };
    case "syscall_latency_ms":
      return { ...base, kind: "syscall", call: String(said.call ?? ""), result: Number(said.result ?? 0) };
    default:
      return null;
  }
}

const DISK_OPERATIONS: readonly DiskOperation[] = ["read", "write", "flush", "discard", "write_zeroes"];

function dns(base: Base, said: Said, tuple: Tuple): DnsEvent {
  return {
    ...base,
    kind: "dns",
    tuple,
    queryName: String(said.query_name ?? ""),
    queryType: queryTypeNumber(String(said.query_type ?? "")),
    queryId: Number(said.query_id ?? 0),
    cookie: String(said.cookie ?? "0"),
    packets: Number(said.packets ?? 1),
    rcode: Number(said.rcode ?? 0),
    answers: Number(said.answers ?? 1),
    truncated: said.truncated === "true",
    abandoned: false,
    errno: 0,
    ...(said.resolution !== undefined && { resolution: String(said.resolution) }),
    startClock: null,
    endClock: null,
  };
}

function at(ns: number): Stamp {
  return { ns, clock: null };
}

function ownerOf(probe: ProbeEventV1Alpha2, cgroups: Map<string, bigint>): Owner {
  const name = probe.pod || probe.cgroup || `pid:${probe.pid}`;
  let cgroupId = cgroups.get(name);
  if (cgroupId === undefined) cgroups.set(name, cgroupId = BigInt(cgroups.size + 1));
  return { pid: probe.pid, tid: probe.tid, comm: probe.process?.comm ?? "", cgroupId, netns: probe.netns ?? 0 };
}

function tupleOf({ conn_tuple: conn }: ProbeEvent): Tuple {
  return {
    srcIp: conn?.src_ip ?? "",
    srcPort: conn?.src_port ?? 0,
    dstIp: conn?.dst_ip ?? "",
    dstPort: conn?.dst_port ?? 0,
    protocol: conn?.protocol === "udp" ? "udp" : "tcp",
  };
}
