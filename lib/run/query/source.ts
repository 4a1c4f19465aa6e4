/** The answers of a running collector. */
import type { HealthAnswer, IncidentsAnswer } from "../../model/answers.ts";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { parseTimeNs } from "../../model/time.ts";
import type { SignalStats as Received } from "../../serve/otlp_receiver.ts";
import type { IncidentsQuery, QuerySource } from "../../serve/query_http.ts";
import { sloStatus } from "../../slo/status.ts";
import type { SloTracker } from "../../slo/tracker.ts";
import { AskedAgain } from "./asked_again.ts";
import type { Agents } from "./agents.ts";
import { JudgedRequests } from "./judged_requests.ts";
import { requestAnswer } from "./request_answer.ts";
import type { Readable } from "./scoped.ts";
import { SignalStats } from "./signal_stats.ts";

export interface SourceOptions {
  readonly store: Readable;
  readonly storeKind: string;
  readonly agents: Agents;
  readonly tracker: SloTracker | null;
  /** The one namespace of which who asks may know; "": every one. */
  readonly ns?: string;
  /** Whether who asks may know of the objectives. */
  readonly seesObjectives?: () => boolean;
  /** Name of the file of objectives, or null. */
  readonly sloFile: string | null;
  readonly windowMs: number;
  readonly version: string;
  /** Unix ms. */
  readonly nowMs: () => number;
  readonly received: () => Readonly<Record<"traces" | "logs" | "metrics", Received>>;
  readonly incidentsOpen: () => number;
  /** What is wrong with the collector just now. */
  readonly problems: () => readonly string[];
}

const MOST = 100_000;

export function querySource(options: SourceOptions): QuerySource {
  const { store, agents, tracker, nowMs, ns = "", seesObjectives = () => true } = options;
  const startedAt = new Date(nowMs()).toISOString();
  const again = new AskedAgain();
  const requests = new JudgedRequests(store);
  const signals = new SignalStats(store);
  return {
    health: () => health(options, startedAt),
    incidents: (query) => incidents(store, query),
    incident: async (id) => {
      const entry = await store.byId("incident", id);
      return entry?.kind === "incident" ? { schema: "incident-answer/v1", incident: entry.document } : null;
    },
    request: (traceId) => requestAnswer(store, traceId, options.windowMs, again),
    requests: async ({ sinceNs, service, limit }) => ({
      schema: "requests-answer/v1",
      ...await requests.worst(sinceNs, service, limit),
    }),
    signals: (sinceNs) => signals.answer(sinceNs, nowMs()),
    slo: (service) => {
      const now = nowMs();
      tracker?.advance(now);
      const isSeen = seesObjectives();
      const slos = (isSeen ? tracker?.tracked ?? [] : []).map((tracked) => sloStatus(tracked, now));
      return {
        schema: "slo-answer/v1",
        file: options.sloFile,
        slos: slos.filter((status) => service === undefined || status.service === service),
        warnings: tracker === null
          ? ["the collector was given no file of objectives: --slo FILE"]
          : isSeen
          ? []
          : ["the objectives count requests of other namespaces too: a token of one namespace is not told of them"],
      };
    },
    agents: () => agents.answer(nowMs(), ns),
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

function ingest({ requests, taken, duplicates, rejected, undecodable, unavailable }: Received) {
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
