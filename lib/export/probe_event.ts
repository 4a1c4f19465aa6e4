/** KernelEvent -> ProbeEvent documents, sentence by sentence as the contract has it: every occurrence is told once. */
import { connectFailure, dnsCause, errnoName, queryTypeName, tlsFailure } from "../model/codes.ts";
import type { ExchangeEvent, KernelEvent, Tuple } from "../model/kernel_event.ts";
import {
  type ConnTuple,
  PROBE_EVENT_SCHEMA,
  type ProbeEvent,
  type ProbeEventV1Alpha2,
  type ProbeEventVersion,
  type ProbeStatus,
} from "../model/probe_event.ts";
import { type SignalName, SIGNALS } from "../model/signals.ts";
import {
  fromDisk,
  fromGroupThrottled,
  fromReclaim,
  fromSteal,
  fromSyscall,
  fromTally,
  fromWaitSum,
} from "./host_readings.ts";
import type { Reading } from "./reading.ts";

export interface ProbeEventContext {
  readonly node: string;
  /** What the caller says of all events, whatever the machine says; empty: the process's own. */
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Kernel clock to Unix time, both in nanoseconds. */
  readonly toUnixNs: (ns: number) => bigint;
  /** `254:0` -> `vda`; default: the numbers. */
  readonly deviceName?: (numbers: string) => string;
  /** Of the event's process, or of its control group; undefined: nothing is known. */
  readonly process: (event: KernelEvent) => EventIdentity | undefined;
  readonly schemaVersion: ProbeEventVersion;
}

export interface EventIdentity {
  readonly exe?: string;
  readonly cgroup?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly container?: string;
  readonly containerId?: string;
  readonly podUid?: string;
  readonly service?: string;
  /** Inside the container's own pid namespace. */
  readonly nsPid?: number;
}

const CATALOGUE = new Map(SIGNALS.map((row) => [row.signal, row]));
const MS = 1e6;

/** `error` for a failure; for a duration `warning` from the catalogue's display hint on. An aggregate is of short ones: `ok`. */
export function statusOf(signal: SignalName, value: number): ProbeStatus {
  const row = CATALOGUE.get(signal);
  if (row?.elevated === undefined || row.elevated === null || value < row.elevated) return "ok";
  return row.unit === "count" ? "error" : "warning";
}

function fromExchange(event: ExchangeEvent): Reading[] {
  if (event.phase !== "first" || event.shared) return [];
  const common = { tuple: event.tuple, traceId: event.traceId, spanId: event.spanId };
  const attributes = {
    role: event.role,
    turn: event.turn,
    cookie: event.cookie,
    preexisting: event.preexisting ? "true" : undefined,
  };
  const readings: Reading[] = [];
  if (event.responseStart !== null) {
    const waited = Math.max(0, event.responseStart.ns - event.requestEnd.ns);
    readings.push({
      signal: "stream_ttft_ms",
      endNs: event.responseStart.ns,
      value: waited / MS,
      attributes,
      ...common,
    });
  }
  return readings;
}

function readings(event: KernelEvent, deviceName: (numbers: string) => string): Reading[] {
  const endNs = event.tsNs;
  switch (event.kind) {
    case "dns": {
      const value = (endNs - event.startNs) / MS;
      const { rcode, tuple, errno } = event;
      const attributes = {
        query_name: event.queryName,
        query_type: queryTypeName(event.queryType),
        query_id: event.queryId,
        cookie: event.cookie === "0" ? undefined : event.cookie,
        packets: event.packets > 1 ? event.packets : undefined,
        resolution: event.resolution,
        rcode: rcode ?? undefined,
        answers: rcode === null ? undefined : event.answers,
        truncated: event.truncated ? "true" : undefined,
        cause: rcode === 0 ? undefined : dnsCause(event),
      };
      const told = errno === 0 ? {} : { errno };
      const failed = { ...attributes, duration_ms: value };
      const failure: Reading = { signal: "dns_errors_total", endNs, value: 1, tuple, attributes: failed, ...told };
      if (rcode === null) return [failure];
      const answer: Reading = { signal: "dns_latency_ms", endNs, value, tuple, attributes };
      return rcode === 0 ? [answer] : [answer, failure];
    }
    case "connect": {
      const value = (endNs - event.startNs) / MS;
      const cookie = event.cookie === "0" ? undefined : event.cookie;
      const { tuple, errno } = event;
      if (errno === 0) return [{ signal: "connect_latency_ms", endNs, value, tuple, attributes: { cookie } }];
      const attributes = { cookie, cause: errnoName(errno), reason: connectFailure(errno), duration_ms: value };
      return [{ signal: "connect_errors_total", endNs, value: 1, tuple, errno: Math.abs(errno), attributes }];
    }
    case "exchange":
      return fromExchange(event);
    case "gap":
    case "unread":
      return [{
        signal: event.kind === "gap" ? "stream_gap_ms" : "socket_wait_ms",
        endNs,
        value: (endNs - event.startNs) / MS,
        tuple: event.tuple,
        traceId: event.traceId,
        attributes: { role: event.role, cookie: event.cookie },
      }];
    case "runq":
      return [{ signal: "runqueue_delay_ms", endNs, value: (endNs - event.startNs) / MS }];
    case "throttled":
      return [{ signal: "cfs_throttled_ms", endNs, value: (endNs - event.startNs) / MS }];
    case "wait_sum":
      return fromWaitSum(event);
    case "reclaim":
      return fromReclaim(event);
    case "disk":
      return fromDisk(event, deviceName);
    case "syscall":
      return fromSyscall(event);
    case "tally":
      return fromTally(event, deviceName);
    case "steal":
      return fromSteal(event);
    case "group_throttled":
      return fromGroupThrottled(event);
    case "tls": {
      const { tuple, cookie, role, version13 } = event;
      const value = (endNs - event.startNs) / MS;
      const attributes = { cookie, role, version: version13 ? "1.3" : "1.2 or unknown" };
      if (!event.failed) return [{ signal: "tls_handshake_ms", endNs, value, tuple, attributes }];
      const failure = { ...attributes, cause: tlsFailure(event), duration_ms: value };
      return [{ signal: "tls_handshake_fail_total", endNs, value: 1, tuple, attributes: failure }];
    }
    case "retransmit": {
      const { tuple, cookie, segments } = event;
      const attributes = { cookie, of: event.of, segments_sent: event.segmentsSent ?? undefined };
      return [{ signal: "tcp_retransmits_total", endNs, value: segments, tuple, attributes }];
    }
    case "timer": // for the split of requests alone: a program's own timer is no signal
    case "segments": // what makes a rate of the segments sent again
      return [];
  }
}

function connTuple(tuple: Tuple): ConnTuple {
  return {
    src_ip: tuple.srcIp,
    dst_ip: tuple.dstIp,
    src_port: tuple.srcPort,
    dst_port: tuple.dstPort,
    protocol: tuple.protocol,
  };
}

function known(attributes: Reading["attributes"]): Record<string, string | number> | undefined {
  let known: Record<string, string | number> | undefined;
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== undefined) (known ??= {})[name] = value;
  }
  return known;
}

function identityAttributes(identity: EventIdentity | undefined): Reading["attributes"] {
  const { service, podUid, containerId, nsPid } = identity ?? {};
  return { service, pod_uid: podUid, container_id: containerId, ns_pid: nsPid };
}

/**
 * The documents one kernel event gives: none (the end of an exchange), one, or two (an answer with an error code is both a
 * latency and an error). In v1alpha1, which has no `histogram`, an aggregate is its sum alone.
 */
export function toProbeEvents(event: KernelEvent, context: ProbeEventContext): ProbeEvent[] {
  const { owner } = event;
  const identity = context.process(event);
  return readings(event, context.deviceName ?? ((numbers) => numbers)).map((reading): ProbeEvent => {
    const row = CATALOGUE.get(reading.signal);
    const base = {
      ts_unix_nano: context.toUnixNs(reading.endNs),
      signal: reading.signal,
      node: context.node,
      namespace: context.namespace || (identity?.namespace ?? ""),
      pod: context.pod || (identity?.pod ?? ""),
      container: context.container || (identity?.container ?? ""),
      pid: owner.pid,
      tid: owner.tid,
      value: reading.value,
      unit: row?.unit ?? "",
      status: reading.failed
        ? "error"
        : reading.histogram === undefined
        ? statusOf(reading.signal, reading.value)
        : "ok",
      ...(reading.tuple && { conn_tuple: connTuple(reading.tuple) }),
      ...(reading.traceId && { trace_id: reading.traceId }),
      ...(reading.spanId && { span_id: reading.spanId }),
      ...(reading.errno !== undefined && { errno: reading.errno }),
    } as const;
    if (context.schemaVersion === "v1alpha1") return base;
    const attributes = known({ ...reading.attributes, ...identityAttributes(identity) });
    const cgroup = reading.cgroup ?? identity?.cgroup;
    const document: ProbeEventV1Alpha2 = {
      ...base,
      schema: PROBE_EVENT_SCHEMA,
      ...(owner.pid !== 0 &&
        { process: { comm: owner.comm, ...(identity?.exe !== undefined && { exe: identity.exe }) } }),
      ...(cgroup !== undefined && { cgroup }),
      ...(owner.netns !== 0 && { netns: owner.netns }),
      ...(attributes && { attributes }),
      ...(reading.histogram !== undefined && { histogram: reading.histogram }),
    };
    return document;
  });
}
