/** Invented requests as the documents other tools read: raw samples, fault samples, SLO events, probe events. */
import type { FaultSample, RawSample } from "../model/samples.ts";
import { PROBE_EVENT_SCHEMA, type ProbeEvent } from "../model/probe_event.ts";
import { SIGNALS } from "../model/signals.ts";
import type { SloEvent } from "../model/slo_event.ts";
import { domainsOf, faultLabel, type SyntheticRequest } from "./synthetic.ts";

export interface Place {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly service: string;
  readonly node: string;
  readonly pod: string;
  readonly container: string;
}

export const SYNTHETIC_PLACE: Place = {
  cluster: "synthetic",
  namespace: "llm",
  workload: "rag",
  service: "rag-gateway",
  node: "synthetic-node",
  pod: "rag-gateway-0",
  container: "gateway",
};

/** What a request is held to: contract boundary of the TTFT histogram. */
export const TTFT_OBJECTIVE_MS = 800;
const TTFT_WARNING_MS = 600;

const iso = (ns: bigint) => new Date(Number(ns / 1_000_000n)).toISOString();
const round = (value: number) => Math.round(value * 1000) / 1000;
const requestId = (request: SyntheticRequest) => `synthetic-${String(request.index + 1).padStart(6, "0")}`;

export function rawSample(request: SyntheticRequest, scenario: string, place: Place): RawSample {
  const { cluster, namespace, workload, service, node } = place;
  return {
    timestamp: iso(request.atNs),
    cluster,
    namespace,
    workload,
    service,
    node,
    request_id: requestId(request),
    trace_id: request.traceId,
    ttft_ms: round(request.ttftMs),
    request_latency_ms: round(request.ttftMs + request.decodeMs),
    token_throughput_tps: round(request.tokensPerSecond),
    error_rate: request.failed ? 1 : 0,
    fault_label: faultLabel(request),
    scenario,
    phase: request.phase,
    synthetic: true,
  };
}

/** One incident each: as if this request stood for a window of them. */
export function faultSample(request: SyntheticRequest, scenario: string, place: Place): FaultSample {
  const domains = domainsOf(request);
  const late = request.ttftMs / TTFT_OBJECTIVE_MS;
  return {
    incident_id: `synthetic-${scenario}-${String(request.index + 1).padStart(6, "0")}`,
    timestamp: iso(request.atNs),
    cluster: place.cluster,
    namespace: place.namespace,
    service: place.service,
    fault_label: faultLabel(request),
    expected_domain: domains[0] ?? "none",
    expected_domains: domains,
    signals: Object.fromEntries(Object.entries(request.signals).map(([name, value]) => [name, round(value)])),
    confidence: 0.9,
    burn_rate: round(
      request.failed ? Math.max(2, late) : request.mechanisms.length > 0 ? Math.max(1, 2 * late) : late / 2,
    ),
    window_minutes: 5,
    request_id: requestId(request),
    trace_id: request.traceId,
    synthetic: true,
  };
}

/** Three indicators of the request. */
export function sloEventsOf(request: SyntheticRequest, place: Place): SloEvent[] {
  const { cluster, namespace, workload, service } = place;
  const late = request.ttftMs > TTFT_OBJECTIVE_MS ? "breach" : request.ttftMs > TTFT_WARNING_MS ? "warning" : "ok";
  const rows = [
    ["ttft_ms", request.ttftMs, "ms", late],
    ["token_throughput_tps", request.tokensPerSecond, "tokens/s", "ok"],
    ["error_rate", request.failed ? 1 : 0, "ratio", request.failed ? "breach" : "ok"],
  ] as const;
  return rows.map(([name, value, unit, status]): SloEvent => ({
    event_id: `${request.traceId}-${name}`,
    timestamp: iso(request.atNs),
    cluster,
    namespace,
    workload,
    service,
    request_id: requestId(request),
    sli_name: name,
    sli_value: round(value),
    unit,
    status,
    trace_id: request.traceId,
    labels: { synthetic: "true" },
  }));
}

const PID = 4242;

/** One event per signal of the request that our probes have and that is not zero. */
export function probeEventsOf(request: SyntheticRequest, place: Place): ProbeEvent[] {
  return SIGNALS.flatMap(({ signal, unit, elevated }): ProbeEvent[] => {
    const value = round(request.signals[signal] ?? 0);
    if (value === 0) return [];
    const high = elevated !== null && value >= elevated;
    return [{
      ts_unix_nano: request.atNs + BigInt(Math.round(request.ttftMs * 1e6)),
      signal,
      node: place.node,
      namespace: place.namespace,
      pod: place.pod,
      container: place.container,
      pid: PID,
      tid: PID,
      value,
      unit,
      status: !high ? "ok" : unit === "count" ? "error" : "warning",
      trace_id: request.traceId,
      span_id: request.spanId,
      schema: PROBE_EVENT_SCHEMA,
      process: { comm: "synthetic" },
      attributes: { synthetic: true },
    }];
  });
}
