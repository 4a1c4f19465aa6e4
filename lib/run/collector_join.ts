/** Spans and probe events -> SLO events. The kernel's own TTFT stands before the application's; signals that join are labels. */
import { correlate, type Match } from "../correlate/correlate.ts";
import { enrich } from "../correlate/enrich.ts";
import { type SignalSubject, sinceNs, type SpanSubject } from "../correlate/subject.ts";
import type { ProbeEvent, ProbeEventV1Alpha2 } from "../model/probe_event.ts";
import type { SloEvent } from "../model/slo_event.ts";
import type { Span } from "../model/span.ts";
import { type Objectives, sloEvents } from "../slo/from_samples.ts";
import { indicators, requestSpans } from "../slo/from_spans.ts";

export interface JoinOptions {
  readonly objectives: Objectives;
  readonly windowMs: number;
  /** What is written where the data do not say. */
  readonly place: {
    readonly cluster: string;
    readonly namespace: string;
    readonly workload: string;
    readonly service: string;
  };
}

/** Span attribute each signal is known under; as labels their values are text. */
const ATTRIBUTES: Readonly<Record<string, string>> = {
  dns_latency_ms: "llm.ebpf.dns.latency_ms",
  tcp_retransmits_total: "llm.ebpf.tcp.retransmits",
  runqueue_delay_ms: "llm.ebpf.sched.runqueue_delay_ms",
  cpu_steal_pct: "llm.ebpf.cpu.steal_pct",
  cfs_throttled_ms: "llm.ebpf.cpu.cfs_throttled_ms",
  connect_latency_ms: "llm.ebpf.net.connect_latency_ms",
  connect_errors_total: "llm.ebpf.net.connect_errors_total",
  tls_handshake_ms: "llm.ebpf.tls.handshake_ms",
  tls_handshake_fail_total: "llm.ebpf.tls.handshake_fail_total",
  mem_reclaim_latency_ms: "llm.ebpf.mm.reclaim_latency_ms",
  disk_io_latency_ms: "llm.ebpf.blk.io_latency_ms",
  syscall_latency_ms: "llm.ebpf.syscall.latency_ms",
};

export function joinSloEvents(spans: readonly Span[], probes: readonly ProbeEvent[], options: JoinOptions): SloEvent[] {
  const requests = requestSpans(spans);
  if (requests.length === 0) return [];
  const epochNs = requests[0]!.entry.startNs;
  const pods = podsByPid(probes);
  const subjects = requests.map(({ entry }) => spanSubject(entry, epochNs, pods));
  const signals = probes.map((probe) => signalSubject(probe, epochNs, pods));
  const known = (index: number) => ATTRIBUTES[probes[index]!.signal] !== undefined;
  const matches = correlate(subjects, signals, { windowMs: options.windowMs });
  const labels = enrich(matches.filter(({ signal }) => known(signal)));
  const ttft = kernelTtft(matches, probes, requests.map(({ entry }) => Number(entry.resource["process.pid"] ?? 0)));
  return requests.flatMap((request, i) => {
    const { entry } = request;
    const values = indicators(request);
    const kernelMs = ttft.get(i);
    return sloEvents(
      {
        id: entry.traceId,
        timestamp: new Date(Number(entry.endNs / 1_000_000n)).toISOString(),
        cluster: text(entry, "k8s.cluster.name") || options.place.cluster,
        namespace: text(entry, "k8s.namespace.name") || options.place.namespace,
        workload: text(entry, "k8s.deployment.name") || options.place.workload,
        service: text(entry, "service.name") || options.place.service,
        request_id: entry.traceId,
        trace_id: entry.traceId,
        labels: {
          ...(kernelMs === undefined ? {} : { ttft_source: "kernel" }),
          ...enriched(labels.get(i) ?? [], probes),
          ...marks(entry),
        },
      },
      { ...values, ...(kernelMs === undefined ? {} : { ttft_ms: kernelMs }) },
      options.objectives,
    );
  });
}

function enriched(matches: readonly Match[], probes: readonly ProbeEvent[]): Record<string, string> {
  if (matches.length === 0) return {};
  const rows = matches.map(({ signal }) => [ATTRIBUTES[probes[signal]!.signal]!, String(probes[signal]!.value)]);
  return {
    ...Object.fromEntries(rows.reverse()), // the best match of a signal is written last
    "llm.ebpf.correlation_confidence": String(Math.max(...matches.map(({ confidence }) => confidence))),
    correlation_tier: matches[0]!.tier,
  };
}

/** By request: first byte in to first byte out on the service's own socket, where the trace was read off the wire. */
function kernelTtft(
  matches: readonly Match[],
  probes: readonly ProbeEvent[],
  pids: readonly number[],
): Map<number, number> {
  const found = new Map<number, number>();
  for (const { span, signal, tier } of matches) {
    const probe = probes[signal] as ProbeEventV1Alpha2;
    const said = probe.attributes as Readonly<Record<string, unknown>> | undefined;
    if (tier !== "trace_id_exact" || probe.signal !== "stream_ttft_ms" || said?.role !== "server") continue;
    if (pids[span] === 0 || pids[span] === probe.pid) found.set(span, probe.value);
  }
  return found;
}

/** A process without a pod is known by its cgroup, else by itself. */
function podsByPid(probes: readonly ProbeEvent[]): Map<number, string> {
  return new Map(probes.map((probe) => {
    const { cgroup } = probe as ProbeEventV1Alpha2;
    return [probe.pid, probe.pod || cgroup || `pid ${probe.pid} on ${probe.node}`];
  }));
}

function spanSubject(span: Span, epochNs: bigint, pods: ReadonlyMap<number, string>): SpanSubject {
  const pid = Number(span.resource["process.pid"] ?? 0);
  return {
    traceId: span.traceId,
    pid,
    pod: text(span, "k8s.pod.name") || (pods.get(pid) ?? ""),
    service: text(span, "service.name"),
    node: text(span, "k8s.node.name") || text(span, "host.name"),
    startNs: sinceNs(epochNs, span.startNs),
    endNs: sinceNs(epochNs, span.endNs),
  };
}

function signalSubject(probe: ProbeEvent, epochNs: bigint, pods: ReadonlyMap<number, string>): SignalSubject {
  const { conn_tuple: conn } = probe;
  return {
    traceId: probe.trace_id ?? "",
    pid: probe.pid,
    pod: probe.pod || (pods.get(probe.pid) ?? ""),
    node: probe.node,
    ...(conn === undefined ? {} : { conn: `${conn.src_ip}:${conn.src_port}->${conn.dst_ip}:${conn.dst_port}` }),
    tsNs: sinceNs(epochNs, probe.ts_unix_nano),
    signal: probe.signal,
    value: probe.value,
  };
}

function marks(span: Span): Record<string, string> {
  return {
    ...(span.resource.replay === true ? { replay: "true" } : {}),
    ...(span.resource.synthetic === true ? { synthetic: "true" } : {}),
  };
}

function text(span: Span, key: string): string {
  const value = span.resource[key];
  return typeof value === "string" ? value : "";
}
