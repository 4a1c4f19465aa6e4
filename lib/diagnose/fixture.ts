/** Hand-made kernel events for the tests of this folder. Times in ms on the kernel's clock. */
import {
  type ConnectEvent,
  type DiskEvent,
  type DnsEvent,
  type ExchangeEvent,
  NOBODY,
  type Owner,
  type ReclaimEvent,
  type RetransmitEvent,
  type SegmentsEvent,
  type StealEvent,
  type SyscallEvent,
  type Tuple,
  type WaitEvent,
} from "../model/kernel_event.ts";
import type { DiagnosisContext } from "./diagnosis.ts";

const MS = 1e6;

export function owner(pid: number, comm = "curl"): Owner {
  return { pid, tid: pid, comm, cgroupId: 1n, netns: 1 };
}

/** From 10.0.0.2:40000 unless told otherwise. */
export function tcp(dstIp = "10.0.0.1", dstPort = 443, srcPort = 40000): Tuple {
  return { srcIp: "10.0.0.2", srcPort, dstIp, dstPort, protocol: "tcp" };
}

export function dns(pid: number, atMs: number, tookMs: number, change: Partial<DnsEvent> = {}): DnsEvent {
  return {
    kind: "dns",
    startNs: atMs * MS,
    tsNs: (atMs + tookMs) * MS,
    owner: owner(pid),
    tuple: { ...tcp("10.0.0.53", 53), protocol: "udp" },
    queryName: "api.example.com",
    queryType: 1,
    queryId: 7,
    cookie: "5",
    packets: 1,
    rcode: 0,
    answers: 1,
    truncated: false,
    abandoned: false,
    errno: 0,
    startClock: null,
    endClock: null,
    ...change,
  };
}

export function connect(pid: number, atMs: number, tookMs: number, change: Partial<ConnectEvent> = {}): ConnectEvent {
  return {
    kind: "connect",
    startNs: atMs * MS,
    tsNs: (atMs + tookMs) * MS,
    owner: owner(pid),
    tuple: tcp(),
    cookie: "9",
    errno: 0,
    startClock: null,
    endClock: null,
    ...change,
  };
}

/** `segments` sent again at `atMs`, of a socket that had sent 50 by then. */
export function retransmit(
  pid: number,
  atMs: number,
  segments: number,
  change: Partial<RetransmitEvent> = {},
): RetransmitEvent {
  return {
    kind: "retransmit",
    tsNs: atMs * MS,
    owner: owner(pid),
    tuple: tcp(),
    cookie: "9",
    segments,
    segmentsSent: 50,
    of: "data",
    ...change,
  };
}

/** Segments sent in all to the peer of `tcp()`. */
export function sent(pid: number, segments: number, change: Partial<SegmentsEvent> = {}): SegmentsEvent {
  const end = { ip: "10.0.0.1", port: 443 };
  return { kind: "segments", tsNs: 0, owner: owner(pid), role: "client", end, segments, ...change };
}

/** A request sent at `atMs` whose first byte came `tookMs` later; both were read at once. */
export function firstByte(
  pid: number,
  atMs: number,
  tookMs: number,
  change: Partial<ExchangeEvent> = {},
): ExchangeEvent {
  const at = { ns: atMs * MS, clock: null };
  const answered = { ns: (atMs + tookMs) * MS, clock: null };
  return {
    kind: "exchange",
    phase: "first",
    role: "client",
    tsNs: answered.ns,
    owner: owner(pid),
    tuple: tcp(),
    cookie: "9",
    turn: 0,
    preexisting: false,
    shared: false,
    requestStart: at,
    requestEnd: at,
    responseStart: answered,
    responseEnd: null,
    firstRead: change.role === "server" ? at : answered,
    bytesOut: 100,
    bytesIn: 100,
    chunks: 1,
    maxGapNs: 0,
    traceId: null,
    spanId: null,
    ...change,
  };
}

export function wait(kind: "runq" | "throttled", pid: number, atMs: number, tookMs: number): WaitEvent {
  return { kind, startNs: atMs * MS, tsNs: (atMs + tookMs) * MS, owner: owner(pid, "python3") };
}

/** Twenty seconds on a machine where everything was watched and nothing was lost. */
export const CONTEXT: DiagnosisContext = {
  window: { start: new Date("2026-01-02T03:04:05Z"), end: new Date("2026-01-02T03:04:25Z"), lengthMs: 20_000 },
  host: { name: "box", kernel: "6.18.5", cpus: 2 },
  targets: "every process",
  coverage: { attached: ["dns_latency", "connect_latency", "stream", "runqueue_delay"], missing: [], unprobed: [] },
  drops: { dns_latency: 0 },
  cost: { cpu_pct: 0.8, bpf_ns_per_event: 310.4, rss_mb: 61.6 },
};

export function reclaim(pid: number, atMs: number, tookMs: number, at: ReclaimEvent["at"] = "cgroup"): ReclaimEvent {
  return { kind: "reclaim", startNs: atMs * MS, tsNs: (atMs + tookMs) * MS, owner: owner(pid, "dd"), at, pages: 32 };
}

/** A read of 4 KiB from 254:0. */
export function disk(pid: number, atMs: number, tookMs: number, change: Partial<DiskEvent> = {}): DiskEvent {
  return {
    kind: "disk",
    startNs: atMs * MS,
    issuedNs: atMs * MS,
    tsNs: (atMs + tookMs) * MS,
    owner: owner(pid, "postgres"),
    device: "254:0",
    operation: "read",
    sector: 8,
    bytes: 4096,
    byKernel: false,
    errno: 0,
    ...change,
  };
}

export function syscall(pid: number, atMs: number, tookMs: number, call = "fsync"): SyscallEvent {
  const startNs = atMs * MS;
  return { kind: "syscall", startNs, tsNs: startNs + tookMs * MS, owner: owner(pid, "postgres"), call, result: 0 };
}

/** One second of two CPUs. */
export function steal(atS: number, share: number): StealEvent {
  const [startNs, tsNs] = [atS * 1e9, (atS + 1) * 1e9];
  return { kind: "steal", startNs, tsNs, owner: NOBODY, share, stolenNs: 2e9 * share, cpus: 2 };
}
