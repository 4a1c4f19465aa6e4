/** A collector's answers made up for tests, every text in them as hostile as `text` is. */
import type { QuerySource } from "../serve/query_http.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import { LABELS, type Split } from "../model/split.ts";

export const TRACE = "0af7651916cd43dd8448eb211c80319c";

export function splitOf(ms: Partial<Record<string, number>>): Split {
  return Object.fromEntries(LABELS.map((label) => [label, ms[label] ?? 0])) as Split;
}

export function madeIncident(text: string, more: Partial<IncidentAttribution> = {}): IncidentAttribution {
  return {
    schema: "incident_attribution/v1.1",
    incident_id: `inc-20260102030405000-${text}`,
    timestamp: "2026-01-02T03:04:05.678Z",
    cluster: "c1",
    service: text,
    predicted_fault_domain: "network_dns",
    confidence: 0.82,
    evidence: [{ signal: "dns_latency_ms", value: 122.4, source: "ebpf" }, { signal: text, value: 1, source: "otel" }],
    slo_impact: { sli: "ttft_ms", burn_rate: 12, window_minutes: 1 },
    trace_ids: [TRACE, text],
    request_ids: [TRACE, text],
    fault_hypotheses: [{ domain: "network_dns", posterior: 0.95, evidence: [] }],
    sub_cause: text,
    unknown_reason: `because ${text}`,
    excess_ms: 127.1,
    coverage: 1,
    split: { incident: splitOf({ dns: 122 }), baseline: splitOf({ dns: 0.5 }), excess: splitOf({ dns: 121.5 }) },
    state: "open",
    requests: { incident: 40, baseline: 100 },
    ...more,
  };
}

const NO_INGEST = { requests: 3, taken: 1200, duplicates: 0, rejected: 0, undecodable: 0, unavailable: 0 };

export function madeSource(text: string): QuerySource {
  const signal = { signal: "dns_latency_ms", value: 122.4, unit: "ms", at_ms: 3.25, node: text, pod: text, pid: 900 };
  const who = { comm: text, about: text };
  const incidents = [
    madeIncident(text),
    madeIncident(text, {
      incident_id: "inc-2",
      state: "closed",
      closed_at: "2026-01-02T03:05:05Z",
      closed_because: "recovered",
    }),
  ];
  const started_at = "2026-01-02T03:04:05.000000001Z";
  const spans = ["a", "b", "c"].map((id, i) => ({
    span_id: id.repeat(16),
    parent_span_id: i === 0 ? "" : ["c", "a", "b"][i]!.repeat(16),
    service: text,
    name: `${text} ${id}`,
    started_at,
    duration_ms: 300 - i,
    status: i === 1 ? "error" as const : "ok" as const,
  }));
  const slo = {
    schema: "slo-status/v1",
    service: text,
    slo: text,
    objective: "0.999",
    period: "30d",
    budgeting: "Occurrences",
    owner: text,
    runbook: text,
    state: "burning",
    windows: {
      "5m": { total: 10, bad: 1, error_ratio: 0.1, burn_rate: 100 },
      "1h": { total: 0, bad: null, error_ratio: null, burn_rate: null },
    },
    budget: {
      total: 10,
      bad: 1,
      error_ratio: 0.1,
      burn_rate: 100,
      allowed: 0.01,
      remaining: -99,
      minutes: 43.2,
      exhausted_in_minutes: 0,
      burn_window: "1h",
    },
    alerts: [{
      severity: "page",
      level: "page",
      long: "1h",
      short: "5m",
      factor: "14.4",
      threshold: "0.0144",
      event_floor: 70,
      firing: true,
      too_few_events: false,
    }],
    compliance: { verdict: "missed", good_ratio: 0.9, low: 0.6, high: 0.98, events_needed: null },
    counts: { good: 9, bad: 1, missing: 0, na: 0, cancelled: 0, late: 0, ahead: 0, stages: {}, thin_slices: 0 },
  };
  return {
    health: () => ({
      schema: "health-answer/v1",
      status: "degraded",
      problems: [text],
      version: "0.1.0",
      started_at,
      now: "2026-01-02T03:04:05Z",
      store: { kind: "memory", first_seq: 1, last_seq: 99, bytes: 9, held: { span: 1200, probe: 40_000 }, evicted: {} },
      ingest: { traces: NO_INGEST, logs: NO_INGEST, metrics: NO_INGEST },
      incidents_open: 1,
    }),
    incidents: ({ limit, before, state }) => {
      const all = incidents.filter((one) => state === undefined || one.state === state);
      const from = before ?? 0;
      const next = from + limit < all.length ? String(from + limit) : null;
      return Promise.resolve({ schema: "incidents-answer/v1", incidents: all.slice(from, from + limit), next });
    },
    incident: (id) => {
      const incident = incidents.find((one) => one.incident_id === id);
      return Promise.resolve(
        incident === undefined ? null : { schema: "incident-answer/v1", incident, warnings: [text] },
      );
    },
    request: (trace_id) =>
      Promise.resolve({
        schema: "request-answer/v1",
        trace_id,
        requests: [true, false].map((split) => ({
          service: text,
          span_id: "a".repeat(16),
          name: `POST ${text}`,
          started_at,
          duration_ms: 300,
          status: "ok" as const,
          ttft_ms: split ? 212.5 : null,
          ttft_source: split ? "kernel" as const : null,
          split: split ? splitOf({ dns: 122, provider: 62 }) : null,
          no_split_because: split ? null : text,
          cold: split ? true : null,
          tier: split ? "pod_pid_100ms" as const : null,
          confidence: split ? 0.9 : null,
        })),
        spans,
        joins: [{
          ...signal,
          ...who,
          span_id: "b".repeat(16),
          span_name: text,
          service: text,
          tier: "pod_pid_100ms",
          confidence: 0.9,
          k: 1,
          reason: `same pod and pid, ${text}`,
          enriches: true,
        }],
        rejected: { total: 2, because: { [text]: 2 }, nearest: [{ ...signal, ...who, why: text }] },
        slo_events: [],
        incident_ids: [text],
      }),
    requests: () =>
      Promise.resolve({
        schema: "requests-answer/v1",
        total: 400,
        requests: Array.from({ length: 9 }, (_, i) => ({
          trace_id: i === 0 ? text : TRACE,
          service: text,
          ended_at: started_at,
          ttft_ms: i === 0 ? null : 212,
          latency_ms: 300,
          failed: i === 0,
          slo_bad: [text],
          ttft_source: null,
        })),
      }),
    signals: () =>
      Promise.resolve({
        schema: "signals-answer/v1",
        seconds: 300,
        signals: Array.from({ length: 12 }, (_, i) => ({
          signal: i === 0 ? text : "mem_reclaim_latency_ms",
          unit: text,
          events: 1_234_567,
          bad: 12,
          p50: 1.5,
          p95: null,
          max: 1e9,
        })),
      }),
    slo: () => ({ schema: "slo-answer/v1", file: text, slos: Array.from({ length: 9 }, () => slo) }),
    agents: () => ({
      schema: "agents-answer/v1",
      agents: Array.from({ length: 4 }, () => ({
        node: text,
        known_by: "metrics" as const,
        heartbeat_age_s: 12.5,
        last_event_age_s: null,
        stale: true,
        mode: "bcc_degraded" as const,
        cpu_overhead_pct: 1.2,
        events: 7,
        dropped: { ring: 0 },
        signals: [{ signal: "tls_handshake_ms", enabled: false, reason: text }],
      })),
    }),
    indexes: () => "READY",
  };
}
