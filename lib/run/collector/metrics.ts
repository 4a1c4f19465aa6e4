/** What the collector says of itself, in Prometheus' text format. Labels come from closed sets: nobody outside can make series. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { DIALECTS } from "../../model/genai.ts";
import { TTFT_BOUNDS_MS } from "../../model/histograms.ts";
import type { Signal } from "../../otlp/mod.ts";
import type { Route } from "../../serve/http.ts";
import type { HttpStats } from "../../serve/http_server.ts";
import { metricsRoute } from "../../serve/metrics_route.ts";
import type { SignalStats } from "../../serve/otlp_receiver.ts";
import { KINDS, type Store } from "../../store/store.ts";
import { SLI_NAMES } from "../../model/slo_event.ts";
import type { SloTracker } from "../../slo/tracker.ts";
import { TIER_RULES } from "../../correlate/tiers.ts";
import type { JudgedTrace } from "./judge.ts";
import { ENRICH_FROM } from "./evidence.ts";
import type { Sending } from "../sending.ts";
import type { PipelineStats } from "./pipeline.ts";

/** Seconds. */
const LAG_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];
const SIGNALS: readonly Signal[] = ["traces", "logs", "metrics"];

/** Where the numbers that are counted elsewhere are read, when they are asked for. */
export interface MetricSources {
  readonly received: () => Readonly<Record<Signal, SignalStats>>;
  /** Answers of the listener by HTTP status. */
  readonly answers: () => ReadonlyMap<number, number>;
  readonly http: () => HttpStats | null;
  /** Calls turned away at the door, by status; null: there is no door. */
  readonly refused: () => ReadonlyMap<number, number> | null;
  readonly pipeline: () => PipelineStats;
  readonly store: Store;
  /** Null: there is no file of objectives. */
  readonly tracker: SloTracker | null;
  readonly incidents: () => { readonly opened: number; readonly open: number };
  readonly sending: () => Sending["state"];
  /** Open streams of events. */
  readonly watchers: () => number;
}

export class CollectorMetrics {
  readonly registry = new Registry();
  readonly #ttft = new Histogram({
    name: "llm_slo_ttft_ms",
    help: "Time to first token of requests, milliseconds; the kernel's where it saw the request.",
    buckets: TTFT_BOUNDS_MS.map(Number),
    registers: [this.registry],
  });
  readonly #tokens = new Gauge({
    name: "llm_slo_tokens_per_sec",
    help: "Output tokens a second of the last request that said so.",
    registers: [this.registry],
  });
  readonly #requests = this.#counter("llm_slo_requests_total", "Requests judged.", ["profile", "status"]);
  readonly #sloEvents = this.#counter("llm_slo_collector_slo_events_total", "SLO events made.", ["sli", "status"]);
  readonly #lag = new Histogram({
    name: "llm_slo_collector_event_loop_lag_seconds",
    help: "How late the event loop's timers were, sampled ten times a second.",
    buckets: LAG_BUCKETS,
    registers: [this.registry],
  });

  /** Every series of a closed set starts at zero: a rate sees the first increase only if there was a sample before it. */
  constructor(sources: MetricSources) {
    for (const status of ["ok", "error"]) this.#requests.inc({ profile: "", status }, 0);
    for (const sli of SLI_NAMES) {
      for (const status of ["ok", "warning", "breach"]) this.#sloEvents.inc({ sli, status }, 0);
    }
    this.#ingest(sources);
    this.#join(sources);
    this.#keep(sources);
    this.#slo(sources);
    this.#sent(sources);
  }

  /** @param lateMs of one timer */
  lag(lateMs: number): void {
    this.#lag.observe(lateMs / 1000);
  }

  judged({ requests, events }: JudgedTrace): void {
    for (const { entry } of requests) {
      const profile = entry.attributes["llm.slo.profile"];
      const failed = events.some((event) =>
        event.sli_name === "error_rate" && event.request_id === entry.spanId && event.sli_value > 0
      );
      this.#requests.inc({ profile: PROFILES.has(profile) ? String(profile) : "", status: failed ? "error" : "ok" });
    }
    for (const { sli_name, sli_value, status } of events) {
      this.#sloEvents.inc({ sli: sli_name, status });
      if (sli_name === "ttft_ms") this.#ttft.observe(sli_value);
      if (sli_name === "token_throughput_tps") this.#tokens.set(sli_value);
    }
  }

  /** GET /metrics. */
  readonly route: Route = metricsRoute(this.registry);

  #ingest({ received, answers, http, refused }: MetricSources): void {
    const name = (rest: string) => `llm_slo_collector_${rest}`;
    this.#read(name("requests_total"), "Export requests by how they ended.", ["signal", "outcome"], (add) => {
      for (const signal of SIGNALS) {
        const { requests, undecodable, foreign, unavailable } = received()[signal];
        add({ signal, outcome: "taken" }, requests - undecodable - foreign - unavailable);
        add({ signal, outcome: "foreign" }, foreign);
        add({ signal, outcome: "undecodable" }, undecodable);
        add({ signal, outcome: "unavailable" }, unavailable);
      }
    });
    this.#read(name("records_total"), "Spans, log records and data points by what became of them.", [
      "signal",
      "outcome",
    ], (add) => {
      for (const signal of SIGNALS) {
        const { taken, duplicates, rejected } = received()[signal];
        add({ signal, outcome: "taken" }, taken);
        add({ signal, outcome: "duplicate" }, duplicates);
        add({ signal, outcome: "rejected" }, [...rejected.values()].reduce((sum, n) => sum + n, 0));
      }
    });
    this.#read(name("rejected_records_total"), "Records refused, by reason.", ["signal", "reason"], (add) => {
      for (const signal of SIGNALS) received()[signal].rejected.forEach((n, reason) => add({ signal, reason }, n));
    });
    this.#read(name("odd_records_total"), "Records kept though odd, by reason.", ["signal", "reason"], (add) => {
      for (const signal of SIGNALS) received()[signal].warnings.forEach((n, reason) => add({ signal, reason }, n));
    });
    this.#read(name("received_bytes_total"), "Bytes of export requests, inflated.", ["signal"], (add) => {
      for (const signal of SIGNALS) add({ signal }, received()[signal].bytes);
    });
    this.#read(name("http_answers_total"), "HTTP answers by status.", ["status"], (add) => {
      answers().forEach((n, status) => add({ status: String(status) }, n));
    });
    this.#read(name("http_refused_total"), "Connections that never became a request.", ["status"], (add) => {
      http()?.refused.forEach((n, status) => add({ status }, n));
    });
    this.#read(name("door_refused_total"), "Calls turned away for their token, HTTP and gRPC.", ["status"], (add) => {
      const counts = refused();
      if (counts === null) return;
      for (const status of [401, 403, 429, 451]) add({ status: String(status) }, counts.get(status) ?? 0);
    });
    this.#gauge(name("http_connections"), "Open connections.", () => http()?.connections ?? 0);
    this.#gauge(name("http_in_flight"), "Requests under way.", () => http()?.inFlight ?? 0);
    this.#gauge(name("http_body_bytes"), "Bytes of request bodies held.", () => http()?.bodyBytes ?? 0);
  }

  #join({ pipeline }: MetricSources): void {
    const name = (rest: string) => `llm_slo_collector_${rest}`;
    this.#read("llm_slo_correlation_total", `Signals joined with spans; enriched: at ${ENRICH_FROM} or more.`, [
      "tier",
      "enriched",
    ], (add) => {
      const { sure, unsure } = pipeline().join;
      for (const { tier } of TIER_RULES) {
        add({ tier, enriched: "true" }, sure.get(tier) ?? 0);
        add({ tier, enriched: "false" }, unsure.get(tier) ?? 0);
      }
    });
    this.#read(name("dialect_spans_total"), "Spans by whose names they use for models.", ["dialect"], (add) => {
      for (const dialect of DIALECTS) add({ dialect }, pipeline().dialects.get(dialect) ?? 0);
    });
    this.#read(name("dialect_metrics_total"), "Metrics by whose names they use for models.", ["dialect"], (add) => {
      for (const dialect of DIALECTS) add({ dialect }, pipeline().metricDialects.get(dialect) ?? 0);
    });
    this.#read(name("dialect_differences_total"), "Attributes where an older name said something else.", [], (add) => {
      add({}, pipeline().differences);
    });
    this.#read(name("probe_events_total"), "Probe events taken, by way.", ["from"], (add) => {
      for (const from of ["otlp", "input"] as const) add({ from }, pipeline().probes[from]);
    });
    this.#read(name("probe_events_duplicate_total"), "Probe events that had come before.", [], (add) => {
      add({}, pipeline().duplicateProbes);
    });
    this.#read(name("logs_duplicate_total"), "Logs whose log.record.uid had come before.", [], (add) => {
      add({}, pipeline().duplicateLogs);
    });
    this.#read(
      name("probe_events_refused_total"),
      "Documents that were no probe event after all.",
      ["reason"],
      (add) => {
        pipeline().refusedProbes.forEach((n, reason) => add({ reason }, n));
      },
    );
    this.#gauge(name("join_signals"), "Signals held for joining.", () => pipeline().join.signals);
    this.#gauge(name("join_spans"), "Spans held for joining.", () => pipeline().join.spans);
    this.#read(name("join_evicted_total"), "Gone from the join to make room.", ["what"], (add) => {
      const { evictedSignals, evictedSpans, evictedRetransmits } = pipeline().join;
      add({ what: "signal" }, evictedSignals);
      add({ what: "span" }, evictedSpans);
      add({ what: "retransmit" }, evictedRetransmits);
    });
    this.#read(name("join_late_rivals_total"), "Signals told of one span, and later of another.", [], (add) => {
      add({}, pipeline().join.lateRivals);
    });
    this.#read(name("join_cut_total"), "Spans with more signals near them than are looked at.", [], (add) => {
      add({}, pipeline().join.cut);
    });
    this.#read(name("retry_storm_spans_total"), "Spans judged during a retry storm of their pod.", [], (add) => {
      add({}, pipeline().join.stormy);
    });
    this.#read(name("judged_spans_total"), "Spans judged.", [], (add) => add({}, pipeline().judgedSpans));
    this.#gauge(
      name("backlog_entries"),
      "Entries of the store that are acknowledged and not looked at yet.",
      () => pipeline().backlog,
    );
    this.#read(
      name("unjudged_entries_total"),
      "Entries that the store let go before they were looked at.",
      [],
      (add) => add({}, pipeline().unjudged),
    );
    this.#gauge(name("held_spans"), "Spans that wait for the rest of their trace.", () => pipeline().heldSpans);
    this.#gauge(name("held_bytes"), "Bytes they took on the wire.", () => pipeline().heldBytes);
  }

  #keep({ store, pipeline, watchers }: MetricSources): void {
    const name = (rest: string) => `llm_slo_collector_store_${rest}`;
    this.#labelled(name("entries"), "Entries held.", ["kind"], (set) => {
      for (const kind of KINDS) set({ kind }, store.state().held[kind]);
    });
    this.#read(name("evicted_total"), "Entries that gave way to newer ones.", ["kind"], (add) => {
      for (const kind of KINDS) add({ kind }, store.state().evicted[kind]);
    });
    this.#gauge(name("bytes"), "About what the entries take.", () => store.state().bytes);
    this.#gauge(name("commit_seq"), "Sequence of the newest entry.", () => store.state().last);
    this.#read(
      name("failures_total"),
      "SLO events the store would not take.",
      [],
      (add) => add({}, pipeline().unstored),
    );
    this.#gauge("watch_clients", "Clients that watch the event stream.", watchers);
    this.#gauge("process_resident_memory_bytes", "Resident memory.", () => Deno.memoryUsage().rss);
  }

  /** What `sloctl slo rules` reads; from zero on. */
  #slo({ tracker, incidents }: MetricSources): void {
    const each = (
      add: (labels: Record<string, string>, n: number) => void,
      n: (good: number, bad: number) => number,
    ) => {
      for (const { slo, counts: { good, bad } } of tracker?.tracked ?? []) {
        if (slo.sli.kind !== "composite") add({ service: slo.service, slo: slo.name }, n(good, bad));
      }
    };
    const labels = ["service", "slo"];
    this.#read(
      "llm_slo_good_events_total",
      "Requests that kept the promise.",
      labels,
      (add) => each(add, (good) => good),
    );
    this.#read(
      "llm_slo_events_total",
      "Requests that were judged.",
      labels,
      (add) => each(add, (good, bad) => good + bad),
    );
    this.#read("llm_slo_incidents_total", "Incidents opened.", [], (add) => add({}, incidents().opened));
    this.#gauge("llm_slo_incidents_open", "Incidents that are open.", () => incidents().open);
  }

  /** Where nothing is sent on there are no series: zero would say that all of nothing arrived. */
  #sent({ sending }: MetricSources): void {
    const name = (rest: string) => `llm_slo_collector_${rest}`;
    this.#read(name("export_spans_total"), "Enriched spans by what became of them.", ["outcome"], (add) => {
      const { otlp } = sending();
      if (otlp === null) return;
      for (const outcome of ["sent", "rejected", "refused"] as const) add({ outcome }, otlp[outcome]);
      for (const [reason, n] of Object.entries(otlp.dropped)) add({ outcome: `dropped_${reason}` }, n);
    });
    this.#read(name("export_tries_total"), "Requests to the receiver of spans.", [], (add) => {
      const { otlp } = sending();
      if (otlp !== null) add({}, otlp.tries);
    });
    this.#labelled(name("export_queue_spans"), "Enriched spans that wait.", ["where"], (set) => {
      const { otlp } = sending();
      if (otlp === null) return;
      set({ where: "memory" }, otlp.gathering);
      set({ where: "spool" }, otlp.spool.items);
    });
    this.#labelled(name("export_queue_bytes"), "Bytes in the spool.", [], (set) => {
      const { otlp } = sending();
      if (otlp !== null) set({}, otlp.spool.bytes);
    });
    this.#read(name("webhook_incidents_total"), "Incidents by what became of their letter.", ["outcome"], (add) => {
      const { webhook } = sending();
      if (webhook === null) return;
      for (const outcome of ["sent", "repeated"] as const) add({ outcome }, webhook[outcome]);
      add({ outcome: "dead" }, webhook.dead.length + webhook.forgotten);
    });
    this.#labelled(name("webhook_waiting"), "Incidents whose letter waits.", [], (set) => {
      const { webhook } = sending();
      if (webhook !== null) set({}, webhook.waiting);
    });
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }

  /** A counter that is counted elsewhere. */
  #read(
    name: string,
    help: string,
    labelNames: readonly string[],
    tell: (add: (labels: Record<string, string>, value: number) => void) => void,
  ): void {
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect() {
        this.reset();
        tell((labels, value) => this.inc(labels, value));
      },
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    this.#labelled(name, help, [], (set) => set({}, read()));
  }

  #labelled(
    name: string,
    help: string,
    labelNames: readonly string[],
    tell: (set: (labels: Record<string, string>, value: number) => void) => void,
  ): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
      collect() {
        tell((labels, value) => this.set(labels, value));
      },
    });
  }
}

/** Load profiles of the contract; any other is told as none. */
const PROFILES: ReadonlySet<unknown> = new Set(["chat_short", "rag_medium", "context_long", "rag_mixed_20rps"]);
