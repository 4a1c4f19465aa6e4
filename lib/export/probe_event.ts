/** KernelEvent -> ProbeEvent documents, sentence by sentence as the contract has it: every occurrence is told once. */
import { connectFailure, dnsCause, errnoName, queryTypeName, tlsFailure, UNKNOWN_ERRNO } from "../model/codes.ts";
import type { DnsEvent, ExchangeEvent, KernelEvent, Tuple } from "../model/kernel_event.ts";
import {
  type ConnTuple,
  PROBE_EVENT_SCHEMA,
  type ProbeEvent,
  type ProbeEventV1Alpha1,
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

export function readingStatus({ signal, value, failed, histogram }: Reading): ProbeStatus {
  return failed ? "error" : histogram === undefined ? statusOf(signal, value) : "ok";
}

function fromExchange(event: ExchangeEvent): Reading[] {
  const { responseStart, tuple, traceId, spanId, role, turn, cookie } = event;
  if (event.phase !== "first" || event.shared || responseStart === null) return [];
  const value = Math.max(0, responseStart.ns - event.requestEnd.ns) / MS;
  const attributes = event.preexisting ? { role, turn, cookie, preexisting: "true" } : { role, turn, cookie };
  return [{ signal: "stream_ttft_ms", endNs: responseStart.ns, value, attributes, tuple, traceId, spanId }];
}

function fromDns(event: DnsEvent): Reading[] {
  const { rcode, tuple, errno, tsNs: endNs, cookie, packets, resolution } = event;
  const value = (endNs - event.startNs) / MS;
  const attributes: Writable<Attributes> = {
    query_name: event.queryName,
    query_type: queryTypeName(event.queryType),
    query_id: event.queryId,
  };
  if (cookie !== "0") attributes.cookie = cookie;
  if (packets > 1) attributes.packets = packets;
  if (resolution !== undefined) attributes.resolution = resolution;
  if (rcode !== null) {
    attributes.rcode = rcode;
    attributes.answers = event.answers;
  }
  if (event.truncated) attributes.truncated = "true";
  const answer: Reading = { signal: "dns_latency_ms", endNs, value, tuple, attributes };
  if (rcode === 0) return [answer];
  attributes.cause = dnsCause(event);
  const told = errno === 0 ? {} : { errno };
  const failed = { ...attributes, duration_ms: value };
  const failure: Reading = { signal: "dns_errors_total", endNs, value: 1, tuple, attributes: failed, ...told };
  return rcode === null ? [failure] : [answer, failure];
}

/** What one kernel event says, signal by signal: none, one, or two. */
export function readings(event: KernelEvent, deviceName: (numbers: string) => string = asNumbers): Reading[] {
  const endNs = event.tsNs;
  switch (event.kind) {
    case "dns":
      return fromDns(event);
    case "connect": {
      const value = (endNs - event.startNs) / MS;
      const cookie = event.cookie === "0" ? undefined : event.cookie;
      const { tuple, errno } = event;
      if (errno === 0) return [{ signal: "connect_latency_ms", endNs, value, tuple, attributes: { cookie } }];
      const attributes = { cookie, cause: errnoName(errno), reason: connectFailure(errno), duration_ms: value };
      const told = errno === UNKNOWN_ERRNO ? {} : { errno: Math.abs(errno) };
      return [{ signal: "connect_errors_total", endNs, value: 1, tuple, ...told, attributes }];
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

/** What is known of both. The attributes themselves where nothing is to be left out of them, or added. */
function known(attributes: Reading["attributes"], identity: EventIdentity | undefined): Attributes | undefined {
  const more = identityAttributes(identity);
  if (more === undefined && isWhole(attributes)) return attributes;
  const all: Record<string, string | number> = {};
  for (const name in attributes) {
    const value = attributes[name];
    if (value !== undefined) all[name] = value;
  }
  return more === undefined ? all : Object.assign(all, more);
}

type Attributes = Readonly<Record<string, string | number>>;

function isWhole(attributes: Reading["attributes"]): attributes is Attributes | undefined {
  for (const name in attributes) {
    if (attributes[name] === undefined) return false;
  }
  return true;
}

/** What attributes tell of a process beside what its event says; undefined: nothing. */
export function identityAttributes(identity: EventIdentity | undefined): Attributes | undefined {
  if (identity === undefined) return undefined;
  const { service, podUid, containerId, nsPid } = identity;
  if (service === undefined && podUid === undefined && containerId === undefined && nsPid === undefined) {
    return undefined;
  }
  return {
    ...(service !== undefined && { service }),
    ...(podUid !== undefined && { pod_uid: podUid }),
    ...(containerId !== undefined && { container_id: containerId }),
    ...(nsPid !== undefined && { ns_pid: nsPid }),
  };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The documents one kernel event gives: none (the end of an exchange), one, or two (an answer with an error code is both a
 * latency and an error). In v1alpha1, which has no `histogram`, an aggregate is its sum alone.
 */
export function toProbeEvents(event: KernelEvent, context: ProbeEventContext): ProbeEvent[] {
  const all = readings(event, context.deviceName);
  if (all.length === 0) return [];
  const identity = context.process(event);
  return all.map((reading) => document(reading, event, identity, context));
}

const asNumbers = (numbers: string) => numbers;

/** Key by key, without a copy on the way: an agent makes thousands of these a second. */
function document(
  reading: Reading,
  { owner }: KernelEvent,
  identity: EventIdentity | undefined,
  context: ProbeEventContext,
): ProbeEvent {
  const { signal, tuple, traceId, spanId, errno, histogram } = reading;
  const base: Writable<ProbeEventV1Alpha1> = {
    ts_unix_nano: context.toUnixNs(reading.endNs),
    signal,
    node: context.node,
    namespace: context.namespace || (identity?.namespace ?? ""),
    pod: context.pod || (identity?.pod ?? ""),
    container: context.container || (identity?.container ?? ""),
    pid: owner.pid,
    tid: owner.tid,
    value: reading.value,
    unit: CATALOGUE.get(signal)?.unit ?? "",
    status: readingStatus(reading),
  };
  if (tuple !== undefined) base.conn_tuple = connTuple(tuple);
  if (traceId) base.trace_id = traceId;
  if (spanId) base.span_id = spanId;
  if (errno !== undefined) base.errno = errno;
  if (context.schemaVersion === "v1alpha1") return base;
  const attributes = known(reading.attributes, identity);
  const cgroup = reading.cgroup ?? identity?.cgroup;
  const whole = base as Writable<ProbeEventV1Alpha2>;
  whole.schema = PROBE_EVENT_SCHEMA;
  if (owner.pid !== 0) {
    whole.process = identity?.exe === undefined ? { comm: owner.comm } : { comm: owner.comm, exe: identity.exe };
  }
  if (cgroup !== undefined) whole.cgroup = cgroup;
  if (owner.netns !== 0) whole.netns = owner.netns;
  if (attributes !== undefined && !isEmpty(attributes)) whole.attributes = attributes;
  if (histogram !== undefined) whole.histogram = histogram;
  return whole;
}

function isEmpty(record: object): boolean {
  for (const _ in record) return false;
  return true;
}
