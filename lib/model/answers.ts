/**
 * What a collector answers when it is asked. Schemas: lib/model/schema/*-answer.v1.json; routes: lib/serve/api.ts. Times are RFC 3339,
 * null is "not known", never zero.
 */
import type { IncidentAttribution } from "./incident_attribution.ts";
import type { SloEvent } from "./slo_event.ts";
import type { Split, Tier } from "./split.ts";

export type IndexesState = "READY" | "BUILDING" | "STALE";

/** Added to every answer by `?explain=1`. */
export interface Explained {
  readonly indexes_state?: IndexesState;
  /** Why the answer may be less than the whole truth. */
  readonly warnings?: readonly string[];
}

export interface IncidentsAnswer extends Explained {
  readonly schema: "incidents-answer/v1";
  /** Newest first. */
  readonly incidents: readonly IncidentAttribution[];
  /** Give it as `cursor` for the next page; null: there is no more. */
  readonly next: string | null;
}

export interface IncidentAnswer extends Explained {
  readonly schema: "incident-answer/v1";
  readonly incident: IncidentAttribution;
}

/** One request at one service. */
export interface RequestView {
  readonly service: string;
  readonly span_id: string;
  readonly name: string;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly status: "ok" | "error";
  readonly ttft_ms: number | null;
  /** Who says so. */
  readonly ttft_source: "kernel" | "application" | null;
  /** Where the time to the first token went. */
  readonly split: Split | null;
  /** Why there is no split; null where there is one. */
  readonly no_split_because: string | null;
  /** It had to resolve or connect. */
  readonly cold: boolean | null;
  /** The weakest join the split rests on. */
  readonly tier: Tier | null;
  readonly confidence: number | null;
}

export interface SpanView {
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly service: string;
  readonly name: string;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly status: "ok" | "error";
}

/** A kernel signal near a request. */
export interface SignalView {
  readonly signal: string;
  readonly value: number;
  readonly unit: string;
  /** When it ended, milliseconds after the trace's first span began. */
  readonly at_ms: number;
  readonly node: string;
  readonly pod: string;
  readonly pid: number;
  readonly comm: string;
  /** What it was about, where it says so: a name that was asked, a peer. */
  readonly about: string;
}

export interface JoinView extends SignalView {
  readonly span_id: string;
  readonly span_name: string;
  readonly service: string;
  readonly tier: Tier;
  /** In (0, 1]: the tier's confidence divided by `k`. */
  readonly confidence: number;
  /** Spans that competed for the signal. */
  readonly k: number;
  readonly reason: string;
  /** False: too unsure, or others were surer; it is counted and shown, and written on no span. */
  readonly enriches: boolean;
}

export interface RejectedView extends SignalView {
  readonly why: string;
}

export interface RequestAnswer extends Explained {
  readonly schema: "request-answer/v1";
  readonly trace_id: string;
  readonly requests: readonly RequestView[];
  readonly spans: readonly SpanView[];
  /** Kernel signals joined with the trace's spans; best first. */
  readonly joins: readonly JoinView[];
  /** Kernel signals of the same time that were not joined with it. */
  readonly rejected: {
    readonly total: number;
    /** How many for which kind of reason. */
    readonly because: Readonly<Record<string, number>>;
    /** The nearest of them. */
    readonly nearest: readonly RejectedView[];
  };
  readonly slo_events: readonly SloEvent[];
  /** Incidents that name it. */
  readonly incident_ids: readonly string[];
}

/** A request as it was judged when it ended. */
export interface JudgedRequest {
  readonly trace_id: string;
  readonly service: string;
  readonly ended_at: string;
  readonly ttft_ms: number | null;
  readonly latency_ms: number | null;
  readonly failed: boolean;
  /** Names of objectives it broke. */
  readonly slo_bad: readonly string[];
  readonly ttft_source: "kernel" | "application" | null;
}

export interface RequestsAnswer extends Explained {
  readonly schema: "requests-answer/v1";
  /** Requests judged in that time. */
  readonly total: number;
  /** Worst first. */
  readonly requests: readonly JudgedRequest[];
}

export interface SignalSummary {
  readonly signal: string;
  readonly unit: string;
  readonly events: number;
  /** Of them: warnings and errors. */
  readonly bad: number;
  /** Of single occurrences; null where there are only counts. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly max: number | null;
}

export interface SignalsAnswer extends Explained {
  readonly schema: "signals-answer/v1";
  readonly seconds: number;
  readonly signals: readonly SignalSummary[];
}

/** `Status` is slo-status/v1. */
export interface SloAnswer<Status> extends Explained {
  readonly schema: "slo-answer/v1";
  /** The file of objectives; null: the collector was given none. */
  readonly file: string | null;
  readonly slos: readonly Status[];
}

export interface AgentView {
  readonly node: string;
  /** `metrics`: it reports on itself; `events`: it is only known by what it sent. */
  readonly known_by: "metrics" | "events";
  readonly heartbeat_age_s: number | null;
  readonly last_event_age_s: number | null;
  /** No word of it for a while. */
  readonly stale: boolean;
  readonly mode: "core_full" | "bcc_degraded" | "unsupported" | null;
  readonly cpu_overhead_pct: number | null;
  readonly events: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly signals: readonly {
    readonly signal: string;
    readonly enabled: boolean;
    /** Of one that is off; null where the agent does not say. */
    readonly reason: string | null;
  }[];
}

export interface AgentsAnswer extends Explained {
  readonly schema: "agents-answer/v1";
  readonly agents: readonly AgentView[];
}

export interface IngestView {
  readonly requests: number;
  readonly taken: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly undecodable: number;
  readonly unavailable: number;
}

export interface HealthAnswer extends Explained {
  readonly schema: "health-answer/v1";
  readonly status: "ok" | "degraded";
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  readonly version: string;
  readonly started_at: string;
  readonly now: string;
  readonly store: {
    readonly kind: string;
    readonly first_seq: number;
    readonly last_seq: number;
    readonly bytes: number;
    readonly held: Readonly<Record<string, number>>;
    readonly evicted: Readonly<Record<string, number>>;
  };
  readonly ingest: Readonly<Record<"traces" | "logs" | "metrics", IngestView>>;
  readonly incidents_open: number;
}
