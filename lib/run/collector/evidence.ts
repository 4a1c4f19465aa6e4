/** What the kernel's signals say of a span, under the names it is told by. */
import type { Storm } from "../../correlate/retry_storm.ts";
import type { Joined } from "../../correlate/stream_join.ts";
import type { AttributeValue, Span } from "../../model/span.ts";
import { SPAN_KIND } from "../../model/span.ts";
import { operationOf } from "../../slo/genai.ts";
import { type Attempts, attemptsOf, type Connect, type Exchange } from "../../timeline/attempts.ts";
import { type Leg, type RetrievalParts, retrievalParts } from "../../timeline/retrieval.ts";
import { connOf, peerOf, type ProbeSignal } from "./probe_signal.ts";

/** Sure enough to be written onto a span, and so many at most. */
export const ENRICH_FROM = 0.7;
const FAN_OUT = 3;

/** Span attribute each signal is known under. */
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

/** Whether a signal has a name of its own on spans. */
export const isWritten = (signal: string): boolean => ATTRIBUTES[signal] !== undefined;

export interface SpanEvidence {
  readonly span: Span;
  /** Signals joined with the span surely enough, best first. */
  readonly joined: readonly Joined<ProbeSignal>[];
  /** Those of them that are written onto it: three signals at most, each once. */
  readonly chosen: readonly Joined<ProbeSignal>[];
  /** First byte in to first byte out on the span's own socket, in milliseconds; null where the kernel did not see it. */
  readonly kernelTtftMs: number | null;
  readonly retrieval: RetrievalParts | null;
  readonly attempts: Attempts | null;
  readonly stormy: boolean;
  /** All of it as attributes: `llm.ebpf.*`, `llm.slo.*`. */
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

interface Interval {
  readonly startNs: number;
  readonly endNs: number;
}

/** @param times the span's, on the clock of the join */
export function evidenceOf(
  span: Span,
  times: Interval,
  joined: readonly Joined<ProbeSignal>[],
  storms: readonly Storm[],
): SpanEvidence {
  const chosen = choose(joined);
  const signals = joined.map(({ signal }) => signal);
  const retrieval = operationOf(span) === "retrieval" ? retrievalParts(times, legs(signals)) : null;
  const attempts = span.kind === SPAN_KIND.client ? attemptsOf(calls(signals), failed(span)) : null;
  const kernelTtftMs = kernelTtft(span, times, joined);
  const stormy = storms.length > 0;
  return {
    span,
    joined,
    chosen,
    kernelTtftMs,
    retrieval,
    attempts,
    stormy,
    attributes: {
      ...written(chosen),
      ...(stormy ? { "llm.ebpf.tcp.retry_storm": true } : {}),
      ...(retrieval === null ? {} : {
        "llm.ebpf.retrieval.kernel_attributed_ms": retrieval.kernelMs,
        "llm.slo.retrieval.dns_ms": retrieval.dnsMs,
        "llm.slo.retrieval.network_ms": retrieval.networkMs,
        "llm.slo.retrieval.vectordb_ms": retrieval.vectordbMs,
      }),
      ...(attempts === null || attempts.outcome === null ? {} : {
        "llm.ebpf.retry.attempts": attempts.attempts,
        "llm.ebpf.retry.backoff_ms": attempts.backoffMs,
        "llm.ebpf.retry.outcome": attempts.outcome,
      }),
      ...(kernelTtftMs === null ? {} : { "llm.slo.ttft_ms": kernelTtftMs }),
    },
  };
}

/** Three signals at most; of one that was told more than once, the best. */
function choose(joined: readonly Joined<ProbeSignal>[]): Joined<ProbeSignal>[] {
  const chosen = new Map<string, Joined<ProbeSignal>>();
  for (const one of joined) {
    const name = one.signal.signal;
    if (chosen.size < FAN_OUT && ATTRIBUTES[name] !== undefined && !chosen.has(name)) chosen.set(name, one);
  }
  return [...chosen.values()];
}

function written(chosen: readonly Joined<ProbeSignal>[]): Record<string, AttributeValue> {
  if (chosen.length === 0) return {};
  return {
    ...Object.fromEntries(chosen.map(({ signal }) => [ATTRIBUTES[signal.signal]!, signal.value])),
    "llm.ebpf.correlation_confidence": Math.max(...chosen.map(({ confidence }) => confidence)),
  };
}

/** A turn that began this near to the span's start is the span's; applications stamp a little later than the kernel. */
const TURN_SLACK_NS = 100e6;

/** A server's own turn: its trace was read off the wire; or there is no other request it could be the turn of, and it began with the span. */
function kernelTtft(span: Span, { startNs }: Interval, joined: readonly Joined<ProbeSignal>[]): number | null {
  if (span.kind !== SPAN_KIND.server) return null;
  const pid = Number(span.resource["process.pid"] ?? 0);
  const turn = joined.find(({ signal, tier }) => {
    if (signal.signal !== "stream_ttft_ms" || signal.role !== "server") return false;
    if (pid !== 0 && pid !== signal.pid) return false;
    return tier === "trace_id_exact" || Math.abs(interval(signal).startNs - startNs) <= TURN_SLACK_NS;
  });
  return turn?.signal.value ?? null;
}

function legs(signals: readonly ProbeSignal[]): Leg[] {
  const names: Readonly<Record<string, Leg["leg"]>> = {
    dns_latency_ms: "dns",
    connect_latency_ms: "connect",
    tls_handshake_ms: "tls",
  };
  return signals.flatMap((signal) => {
    const leg = names[signal.signal];
    return leg === undefined || signal.aggregate ? [] : [{ leg, ...interval(signal) }];
  });
}

function calls(signals: readonly ProbeSignal[]): (Exchange | Connect)[] {
  return signals.flatMap((signal): (Exchange | Connect)[] => {
    if (signal.aggregate || signal.role === "server") return [];
    const common = { conn: connOf(signal), peer: peerOf(signal) };
    switch (signal.signal) {
      case "stream_ttft_ms":
        return [{ kind: "exchange", ...interval(signal), ...common }];
      case "connect_latency_ms":
        return [{ kind: "connect", ...interval(signal), ...common, failed: false }];
      case "connect_errors_total":
        return [{ kind: "connect", startNs: signal.tsNs, endNs: signal.tsNs, ...common, failed: true }];
      default:
        return [];
    }
  });
}

function interval({ tsNs, value }: ProbeSignal): Interval {
  return { startNs: tsNs - value * 1e6, endNs: tsNs };
}

function failed(span: Span): boolean {
  const status = Number(span.attributes["http.response.status_code"] ?? 0);
  return span.statusCode === 2 || span.attributes["error.type"] !== undefined || status >= 500 || status === 429;
}
