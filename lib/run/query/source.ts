/** The answers of a running collector. */
import type { HealthAnswer, IncidentsAnswer, JudgedRequest, SignalsAnswer } from "../../model/answers.ts";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import type { ProbeEventV1Alpha2 } from "../../model/probe_event.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import { parseTimeNs } from "../../model/time.ts";
import type { SignalStats } from "../../serve/otlp_receiver.ts";
import type { IncidentsQuery, QuerySource, RequestsQuery } from "../../serve/query_http.ts";
import { sloStatus } from "../../slo/status.ts";
import type { SloTracker } from "../../slo/tracker.ts";
import { quantile } from "../../stats/describe.ts";
import { AskedAgain } from "./asked_again.ts";
import type { Agents } from "./agents.ts";
import { requestAnswer } from "./request_answer.ts";
import type { Readable } from "./scoped.ts";

export interface SourceOptions {
  readonly store: Readable;
  readonly storeKind: string;
  readonly agents: Agents;
  readonly tracker: SloTracker | null;
  /** Name of the file of objectives, or null. */
  readonly sloFile: string | null;
  readonly windowMs: number;
  readonly version: string;
  /** Unix ms. */
  readonly nowMs: () => number;
  readonly received: () => Readonly<Record<"traces" | "logs" | "metrics", SignalStats>>;
  readonly incidentsOpen: () => number;
  /** What is wrong with the collector just now. */
  readonly problems: () => readonly string[];
}

const MOST = 100_000;

export function querySource(options: SourceOptions): QuerySource {
  const { store, agents, tracker, nowMs } = options;
  const startedAt = new Date(nowMs()).toISOString();
  const again = new AskedAgain();
  return {
    health: () => health(options, startedAt),
    incidents: (query) => incidents(store, query),
    incident: async (id) => {
      const entry = await store.byId("incident", id);
      return entry?.kind === "incident" ? { schema: "incident-answer/v1", incident: entry.document } : null;
    },
    request: (traceId) => requestAnswer(store, traceId, options.windowMs, again),
    requests: async (query) => {
      const { total, requests } = await worst(store, query);
      return { schema: "requests-answer/v1", total, requests };
    },
    signals: (sinceNs) => signals(store, sinceNs, nowMs()),
    slo: (service) => {
      const now = nowMs();
      tracker?.advance(now);
      const slos = (tracker?.tracked ?? []).map((tracked) => sloStatus(tracked, now));
      return {
        schema: "slo-answer/v1",
        file: options.sloFile,
        slos: slos.filter((status) => service === undefined || status.service === service),
        warnings: tracker === null ? ["the collector was given no file of objectives: --slo FILE"] : [],
      };
    },
    agents: () => agents.answer(nowMs()),
    indexes: () => store.state().indexes,
  };
}

function health(
  { store, storeKind, received, nowMs, version, problems, incidentsOpen }: SourceOptions,
  startedAt: string,
): HealthAnswer {
  const { first, last, held, evicted, bytes } = store.state();
  const told = problems();
  const { traces, logs, metrics } = received();
  return {
    schema: "health-answer/v1",
    status: told.length === 0 ? "ok" : "degraded",
    problems: told,
    version,
    started_at: startedAt,
    now: new Date(nowMs()).toISOString(),
    store: { kind: storeKind, first_seq: first, last_seq: last, bytes, held: { ...held }, evicted: { ...evicted } },
    ingest: { traces: ingest(traces), logs: ingest(logs), metrics: ingest(metrics) },
    incidents_open: incidentsOpen(),
  };
}

function ingest({ requests, taken, duplicates, rejected, undecodable, unavailable }: SignalStats) {
  const refused = [...rejected.values()].reduce((sum, n) => sum + n, 0);
  return { requests, taken, duplicates, rejected: refused, undecodable, unavailable };
}

async function incidents(store: Readable, query: IncidentsQuery): Promise<IncidentsAnswer> {
  const { limit, before = Infinity, sinceNs, service, state } = query;
  const entries = await store.newest(MOST, { kinds: ["incident"], ...(service === undefined ? {} : { service }) });
  const seen = new Set<string>();
  const found: { readonly seq: number; readonly document: IncidentAttribution }[] = [];
  for (const entry of entries) {
    // The newest word on an incident stands; the older ones are the same incident.
    if (entry.kind !== "incident" || seen.has(entry.id)) continue;
    seen.add(entry.id);
    const { document, commitSeq } = entry;
    if (commitSeq >= before || state !== undefined && document.state !== state) continue;
    const lastNs = document.closed_at === undefined ? null : parseTimeNs(document.closed_at);
    if (sinceNs !== undefined && lastNs !== null && lastNs < sinceNs) continue;
    found.push({ seq: commitSeq, document });
  }
  const page = found.slice(0, limit);
  return {
    schema: "incidents-answer/v1",
    incidents: page.map(({ document }) => document),
    next: found.length > limit ? String(page.at(-1)!.seq) : null,
    warnings: store.state().evicted.incident > 0 ? ["the oldest incidents gave way to newer ones"] : [],
  };
}

async function worst(store: Readable, { limit, sinceNs, service }: RequestsQuery) {
  const filter = { kinds: ["slo"] as const, sinceNs, ...(service === undefined ? {} : { service }) };
  const events = (await store.newest(MOST, filter)).flatMap((entry) => entry.kind === "slo" ? [entry.document] : []);
  const requests = [...Map.groupBy(events, ({ trace_id = "", request_id }) => `${trace_id}/${request_id}`).values()]
    .map(judged);
  const rank = (one: JudgedRequest) => one.failed ? Infinity : one.ttft_ms ?? one.latency_ms ?? 0;
  return {
    total: requests.length,
    requests: requests.sort((a, b) => rank(b) === rank(a) ? 0 : rank(b) - rank(a)).slice(0, limit),
  };
}

function judged(events: readonly SloEvent[]): JudgedRequest {
  const [{ trace_id = "", service, timestamp, labels = {} }] = events as [SloEvent];
  const value = (name: string) => events.find(({ sli_name }) => sli_name === name)?.sli_value ?? null;
  const ttft = value("ttft_ms");
  return {
    trace_id,
    service,
    ended_at: timestamp,
    ttft_ms: ttft,
    latency_ms: value("request_latency_ms"),
    failed: value("error_rate") === 1,
    slo_bad: (labels.slo_bad ?? "").split(",").filter((name) => name !== ""),
    ttft_source: ttft === null ? null : labels.ttft_source === "kernel" ? "kernel" : "application",
  };
}

async function signals(store: Readable, sinceNs: bigint, nowMs: number): Promise<SignalsAnswer> {
  const entries = await store.newest(MOST, { kinds: ["probe"], sinceNs });
  const probes = entries.flatMap((entry) => entry.kind === "probe" ? [entry.document as ProbeEventV1Alpha2] : []);
  const rows = [...Map.groupBy(probes, ({ signal }) => signal)].map(([signal, list]) => {
    const single = signal.endsWith("_total") ? [] : list.filter(({ histogram }) => histogram === undefined);
    const values = single.map(({ value }) => value).sort((a, b) => a - b);
    const at = (p: number) => values.length === 0 ? null : quantile(values, p);
    return {
      signal,
      unit: list[0]!.unit,
      events: list.length,
      bad: list.filter(({ status }) => status !== "ok").length,
      p50: at(0.5),
      p95: at(0.95),
      max: values.at(-1) ?? null,
    };
  });
  return {
    schema: "signals-answer/v1",
    seconds: Math.max(0, nowMs - Number(sinceNs / 1_000_000n)) / 1000,
    signals: rows.sort((a, b) => b.bad - a.bad || b.events - a.events),
    warnings: probes.length === MOST ? [`only the newest ${MOST} events were looked at`] : [],
  };
}
