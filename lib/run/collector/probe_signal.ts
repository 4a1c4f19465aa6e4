/** What joining keeps of a probe event: little, and of bounded size, for very many of them are held. */
import type { SignalSubject } from "../../correlate/subject.ts";
import { sinceNs } from "../../correlate/subject.ts";
import type { ConnTuple, ProbeEvent, ProbeEventV1Alpha2 } from "../../model/probe_event.ts";

export interface ProbeSignal {
  readonly signal: string;
  readonly value: number;
  /** Since the epoch of the join: when it ended. */
  readonly tsNs: number;
  readonly pid: number;
  readonly tuple: ConnTuple | null;
  /** Which side of a connection told it; "" where that makes no difference. */
  readonly role: string;
  /** An aggregate of many short ones: its time is when it was told, not when they were. */
  readonly aggregate: boolean;
}

/** Longer names than these are nobody's. */
const MOST_NAME = 256;
const MOST_ADDRESS = 64;

/** null for a document whose names are too long to be kept by the hundred thousand. */
export function probeSignal(probe: ProbeEvent, epochNs: bigint): ProbeSignal | null {
  const { signal, value, pid, pod, node, namespace, container } = probe;
  if ([signal, pod, node, namespace, container].some((name) => name.length > MOST_NAME)) return null;
  const { attributes, histogram } = probe as ProbeEventV1Alpha2;
  const role = (attributes as Readonly<Record<string, unknown>> | undefined)?.role;
  return {
    signal,
    value,
    tsNs: sinceNs(epochNs, probe.ts_unix_nano),
    pid,
    tuple: tupleOf(probe.conn_tuple),
    role: role === "server" || role === "client" ? role : "",
    aggregate: histogram !== undefined,
  };
}

function tupleOf(conn: ConnTuple | undefined): ConnTuple | null {
  if (conn === undefined) return null;
  const { src_ip, dst_ip, src_port, dst_port } = conn;
  const addresses = [src_ip, dst_ip].every((ip) => typeof ip === "string" && ip.length <= MOST_ADDRESS);
  const ports = [src_port, dst_port].every((port) => Number.isInteger(port));
  return addresses && ports
    ? { src_ip, dst_ip, src_port, dst_port, protocol: conn.protocol === "udp" ? "udp" : "tcp" }
    : null;
}

/** `ip:port` of the other end; "" where there is none. */
export function peerOf({ tuple }: ProbeSignal): string {
  return tuple === null ? "" : `${tuple.dst_ip}:${tuple.dst_port}`;
}

/** One spelling for the connection; "" where there is none. */
export function connOf({ tuple }: ProbeSignal): string {
  return tuple === null ? "" : `${tuple.src_ip}:${tuple.src_port}->${tuple.dst_ip}:${tuple.dst_port}`;
}

/** Who and where of a signal. The connection is put into words only where somebody asks for it. */
export class ProbeSubject implements SignalSubject {
  readonly traceId: string;
  readonly spanId: string;
  readonly childOf: string;
  readonly serves: boolean;
  readonly tsNs: number;
  readonly pid: number;
  readonly node: string;
  readonly service: string;
  readonly pod: string;

  /** @param placed what stands for its pod, and its pid there */
  constructor(probe: ProbeEvent, readonly kept: ProbeSignal, placed: { readonly pod: string; readonly pid: number }) {
    const { trace_id = "", span_id = "" } = probe;
    this.traceId = trace_id.length === 32 ? trace_id : "";
    const id = span_id.length === 16 ? span_id : "";
    // On a server's socket the id is that of the caller's span.
    this.serves = kept.role === "server";
    this.spanId = this.serves ? "" : id;
    this.childOf = this.serves ? id : "";
    this.tsNs = kept.tsNs;
    this.pid = placed.pid;
    this.pod = placed.pod;
    this.node = probe.node;
    const { service } = (probe as ProbeEventV1Alpha2).attributes as { service?: unknown } | undefined ?? {};
    this.service = typeof service === "string" && service.length <= MOST_NAME ? service : "";
  }

  get conn(): string {
    return connOf(this.kept);
  }
}
