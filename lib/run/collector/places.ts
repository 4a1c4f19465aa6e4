/**
 * Where spans and kernel events happened, in words both sides use.
 *
 * A process is known by its pod and pid. One without a pod is known by its node instead: a pid is unique there. Applications mostly say
 * their host name, which is the node's outside of containers and the pod's inside of one, and the pid they have inside their container:
 * of a pod's process that one counts, unless two containers of the pod have a process of that number.
 */
import { sinceNs, type SpanSubject } from "../../correlate/subject.ts";
import type { ProbeEvent, ProbeEventV1Alpha2 } from "../../model/probe_event.ts";
import { type Span, SPAN_KIND } from "../../model/span.ts";

/** Remembered at most; the longest known go first. */
const MOST_PODS = 65_536;
const MOST_PROCESSES = 65_536;
/** More nodes than this and a span that does not say its own belongs to none. */
const MOST_NODES = 2;

/** What a probe event says of where it happened, in the words of a join. */
export interface Placed {
  /** What stands for its pod. */
  readonly pod: string;
  /** As spans of its process say it; 0 where that is not unique. */
  readonly pid: number;
  /** What retransmissions are counted by. */
  readonly group: string;
  readonly newNode: boolean;
}

export class Places {
  readonly #pods = new Set<string>();
  /** Pod by the ids of its containers, and its own. */
  readonly #podOf = new Map<string, string>();
  /** By pod and pid inside: the container that has it, or null where several do. */
  readonly #inside = new Map<string, string | null>();
  readonly #nodes = new Set<string>();
  /** Pod or control group by node and pid: what retransmissions are counted by. */
  readonly #groups = new Map<string, string>();

  learn(probe: ProbeEvent): Placed {
    const { node, pid } = probe;
    const group = probe.pod || (probe as ProbeEventV1Alpha2).cgroup?.slice(0, 1024) || `pid ${pid} on ${node}`;
    const newNode = this.#nodes.size < MOST_NODES && node !== "" && !this.#nodes.has(node);
    if (newNode) this.#nodes.add(node);
    if (probe.pod !== "") remember(this.#pods, probe.pod, MOST_PODS);
    const { ns_pid: nsPid, container_id, pod_uid } = attributesOf(probe);
    for (const id of [container_id, pod_uid]) {
      if (probe.pod === "" || typeof id !== "string" || this.#podOf.get(id) === probe.pod) continue;
      this.#podOf.set(id, probe.pod);
      if (this.#podOf.size > MOST_PODS) this.#podOf.delete(this.#podOf.keys().next().value!);
    }
    if (pid > 0) {
      const key = `${node}\0${pid}`;
      if (this.#groups.get(key) !== group) this.#groups.set(key, group);
      if (this.#groups.size > MOST_PROCESSES) this.#groups.delete(this.#groups.keys().next().value!);
    }
    const inside = probe.pod !== "" && typeof nsPid === "number" ? this.#pidInside(probe, nsPid) : pid;
    return { pod: probe.pod || onNode(node), pid: inside, group, newNode };
  }

  #pidInside({ pod, container }: ProbeEvent, nsPid: number): number {
    const key = `${pod}\0${nsPid}`;
    const known = this.#inside.get(key);
    if (known === undefined) {
      this.#inside.set(key, container);
      if (this.#inside.size > MOST_PROCESSES) this.#inside.delete(this.#inside.keys().next().value!);
    } else if (known !== container) this.#inside.set(key, null);
    return this.#inside.get(key) === null ? 0 : nsPid;
  }

  /** False while nothing is known of where the span's process is, though its pid is: a first probe event may tell. */
  isPlaced(span: Span): boolean {
    return pidOf(span) === 0 || text(span, "k8s.pod.name") !== "" || nodeOf(span) !== "" || this.#nodes.size > 0;
  }

  spanSubject(span: Span, epochNs: bigint): SpanSubject {
    const host = text(span, "host.name");
    const node = this.#node(span);
    const pod = this.#pod(span) || (this.#pods.has(host) ? host : "") || onNode(node);
    return {
      traceId: span.traceId,
      spanId: span.spanId,
      parentSpanId: span.parentSpanId,
      serves: span.kind === SPAN_KIND.server,
      pod,
      pid: pidOf(span),
      service: text(span, "service.name"),
      node,
      conn: connection(span),
      startNs: sinceNs(epochNs, span.startNs),
      endNs: sinceNs(epochNs, span.endNs),
    };
  }

  /** What retransmissions near the span would be counted by; "" where nobody knows. */
  group(span: Span): string {
    return this.#pod(span) || (this.#groups.get(`${this.#node(span)}\0${pidOf(span)}`) ?? "");
  }

  /** By name, or by an id that some probe event has named. */
  #pod(span: Span): string {
    const ids = ["container.id", "k8s.pod.uid"].map((key) => text(span, key));
    return text(span, "k8s.pod.name") || ids.map((id) => this.#podOf.get(id)).find((pod) => pod !== undefined) || "";
  }

  /** As the span says; of one that does not, the only node there is. */
  #node(span: Span): string {
    const [only] = this.#nodes;
    return nodeOf(span) || (this.#nodes.size === 1 ? only! : "");
  }
}

function attributesOf(probe: ProbeEvent): Readonly<Record<string, unknown>> {
  return (probe as ProbeEventV1Alpha2).attributes ?? {};
}

function remember(set: Set<string>, value: string, most: number): void {
  if (set.has(value)) return;
  set.add(value);
  if (set.size > most) set.delete(set.values().next().value!);
}

/** A pod's name holds no blank, so this is nobody's. */
function onNode(node: string): string {
  return node === "" ? "" : `on ${node}`;
}

function nodeOf(span: Span): string {
  return text(span, "k8s.node.name") || text(span, "host.name");
}

function pidOf({ resource }: Span): number {
  const pid = Number(resource["process.pid"] ?? 0);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : 0;
}

/** The connection a span says it used, under the present names or the older ones. */
function connection({ attributes }: Span): string {
  const end = (...names: string[]) => names.map((name) => attributes[name]).find((value) => value !== undefined);
  const local = end("network.local.address", "net.sock.host.addr");
  const localPort = end("network.local.port", "net.sock.host.port");
  const peer = end("network.peer.address", "net.sock.peer.addr");
  const peerPort = end("network.peer.port", "net.sock.peer.port");
  if (typeof local !== "string" || typeof peer !== "string" || localPort === undefined || peerPort === undefined) {
    return "";
  }
  return local.length + peer.length > 128 ? "" : `${local}:${String(localPort)}->${peer}:${String(peerPort)}`;
}

function text({ resource }: Span, key: string): string {
  const value = resource[key];
  return typeof value === "string" ? value.slice(0, 1024) : "";
}
