/** Everything a load run found, as one document: report.json. */

import { type ErrorKind, errorKinds, type Figure, figures, outcomes } from "../../load/figures.ts";
import { type Innocence, innocence } from "../../load/innocence.ts";
import type { LoadRun } from "../../load/run_load.ts";
import { type Slice, timeline } from "../../load/timeline.ts";
import { inWindow, type Rates, rates, seconds, type Window } from "../../load/window.ts";
import { type ClockBreak, ClockLine, type ClockReading, toIso } from "../../model/clock.ts";
import { type Definition, REQUEST_DEFINITIONS, RUN_DEFINITIONS } from "../../model/definitions.ts";
import { measure } from "../../model/measure.ts";
import type { Outcome, RequestRecord } from "../../model/request_record.ts";
import { quantileOfSorted, sorted } from "../../stats/describe.ts";
import type { TimeoutsMs } from "./limits.ts";
import type { LoadgenOptions } from "./options.ts";
import type { Planned } from "./plan.ts";
import type { SloOutcome } from "./slo.ts";
import { combine } from "../../gate/verdict.ts";
import type { Target } from "./target.ts";
import type { TokenCount } from "./tokenize.ts";

interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly n: number;
}

export interface LoadReport {
  readonly schema: "load-report/v1";
  readonly run_id: string;
  readonly version: string;
  /** Wall time of the start, and how far it may be off; every other stamp is on the monotonic clock. */
  readonly started_at: string;
  readonly clock: {
    readonly start_ns: number;
    readonly unix_ns: string;
    readonly error_ns: number;
    /** Wall time was set, or the machine slept, while the load ran. */
    readonly breaks: readonly ClockBreak[];
  };
  readonly loop: "open" | "closed";
  readonly target: string;
  readonly api: string;
  readonly model: string | null;
  readonly profile: string | null;
  readonly arrival: string;
  readonly arrival_words: string;
  readonly seed: number;
  readonly trace: Planned["trace"];
  readonly seconds: {
    readonly warmup: number;
    readonly window: number;
    readonly cooldown: number;
    readonly ran: number;
  };
  /** Null: the run came to its end. */
  readonly interrupted: { readonly after_s: number; readonly not_due: number } | null;
  readonly rates: Rates;
  readonly delivered: boolean;
  readonly outcomes: Record<Outcome, number>;
  readonly errors: readonly ErrorKind[];
  readonly max_in_flight: number | null;
  readonly limits: {
    readonly connections: number;
    readonly connections_declared: boolean;
    readonly concurrency: number | null;
    readonly timeout_ms: TimeoutsMs;
  };
  readonly most: { readonly in_flight: number; readonly waiting: number; readonly connections: number };
  readonly connections: {
    readonly opened: number;
    readonly failed: number;
    readonly reused_share: number | null;
    readonly dns_ms: number | null;
    readonly connect_ms: Times | null;
    readonly tls_ms: Times | null;
    readonly retransmits: number | null;
  };
  readonly tokens: {
    readonly in: number;
    readonly out: number;
    readonly cached: number | null;
    readonly sources: Readonly<Record<string, number>>;
    /** What the tokenizer counted, and how it differs from the server's own count; null: none was asked. */
    readonly tokenizer: TokenCount | null;
  };
  /** Events that shared a read and so a stamp, keep-alives, bytes after [DONE], and oddities of answers that stand. */
  readonly counters: {
    readonly coalesced: number;
    readonly comments: number;
    readonly late_bytes: number;
    readonly flags: Readonly<Record<string, number>>;
    readonly bytes_in: number;
    readonly bytes_out: number;
  };
  readonly client: Innocence & {
    readonly transport: string;
    /** Slice the scheduler was asked for, for the thread that stamps. */
    readonly slice_us: number | null;
    readonly cpu_us_per_request: number | null;
  };
  /** Where a stamp of sending stands. */
  readonly send_stamp: "pre_write";
  readonly client_loop_lag_ms: Times | null;
  readonly figures: readonly Figure[];
  /** One for each objective asked for; empty: none was. */
  readonly slos: readonly SloOutcome[];
  readonly timeline: readonly Slice[];
  readonly timeline_of: string;
  /** `inconclusive`: the client was not innocent, or there is too little; null: nothing was to be judged. */
  readonly verdict: "pass" | "fail" | "inconclusive" | "no_data" | null;
  readonly reasons: readonly string[];
  readonly definitions: readonly Definition[];
}

export interface Ran {
  readonly options: LoadgenOptions;
  readonly planned: Planned;
  readonly target: Target;
  readonly pool: { readonly bound: number; readonly declared: boolean };
  readonly timeouts: TimeoutsMs;
  readonly runId: string;
  /** Before and after. */
  readonly anchor: ClockReading;
  readonly anchorAfter: ClockReading;
  readonly run: LoadRun;
  readonly tokenizer: TokenCount | null;
}

/** The judged window of a run: shorter where it was stopped. */
export function windowOf({ planned, run }: Pick<Ran, "planned" | "run">): Window {
  const fromNs = run.driven.startNs + planned.seconds.warmup * 1e9;
  const toNs = fromNs + planned.seconds.window * 1e9;
  return { fromNs, toNs: run.driven.stopped ? Math.max(fromNs + 1, Math.min(toNs, run.driven.endNs)) : toNs };
}

/** The latency that the picture of a run shows: to the first token where answers are streams, else to the end. */
export function shownLatency(records: readonly RequestRecord[], closed: boolean): string {
  const origin = closed ? "from_send" : "from_schedule";
  const streams = records.some((record) => record.outcome === "ok" && record.t_ns.length > 0);
  return `${streams ? "ttft.content" : "e2e.body"}.${origin}`;
}

export function reportOf(ran: Ran, records: readonly RequestRecord[], slos: readonly SloOutcome[]): LoadReport {
  const { options, planned, target, run, runId, anchor } = ran;
  const { driven } = run;
  const window = windowOf(ran);
  const closed = planned.plan.loop === "closed";
  const measured = rates(records, window);
  const shown = shownLatency(records, closed);
  const ranNs = Math.max(1, driven.endNs - driven.startNs);
  const client = innocence({
    records,
    rates: measured,
    loopLagNs: driven.loopLagNs,
    idleLagNs: driven.idleLagNs,
    schedule: run.schedule,
    ranNs,
    limit: limitOf(options, slos, records, shown),
    declared: options.connections !== undefined || options.maxInFlight !== undefined,
    closed,
  });
  const sent = run.records.filter((record) => record.s_ns !== null).length;
  const counts = outcomes(records);
  const values = figures(records);
  const interrupted = driven.stopped ? interruption(ran, ranNs) : null;
  const breaks = new ClockLine(anchor).add(ran.anchorAfter);
  return {
    schema: "load-report/v1",
    run_id: runId,
    version: options.version,
    started_at: toIso(anchor, driven.startNs),
    clock: {
      start_ns: driven.startNs,
      unix_ns: String(anchor.unixNs + BigInt(driven.startNs - anchor.monotonicNs)),
      error_ns: anchor.errorNs,
      breaks,
    },
    loop: planned.plan.loop,
    target: target.url,
    api: target.shape.api,
    model: target.shape.api === "plain" ? null : options.model,
    profile: planned.trace === null ? options.profile : null,
    arrival: planned.process,
    arrival_words: planned.words,
    seed: options.seed,
    trace: planned.trace,
    seconds: { ...planned.seconds, ran: ranNs / 1e9 },
    interrupted,
    rates: measured,
    delivered: client.delivered,
    outcomes: counts,
    errors: errorKinds(records),
    max_in_flight: options.maxInFlight ?? null,
    limits: {
      connections: ran.pool.bound,
      connections_declared: ran.pool.declared,
      concurrency: planned.plan.loop === "closed" ? planned.plan.concurrency : null,
      timeout_ms: ran.timeouts,
    },
    most: { in_flight: driven.mostInFlight, waiting: driven.mostWaiting, connections: driven.mostConnections },
    connections: connectionsOf(ran, records),
    tokens: { ...tokensOf(records), tokenizer: ran.tokenizer },
    counters: countersOf(records),
    client: {
      ...client,
      transport: run.transport,
      slice_us: run.sliceUs,
      cpu_us_per_request: sent === 0 ? null : run.cpuNs / 1e3 / sent,
    },
    send_stamp: "pre_write",
    client_loop_lag_ms: client.loop_lag_ms,
    figures: [...values, ...runFigures(records, window), ...slos.flatMap(goodputFigures)],
    slos,
    timeline: timeline(run.records, driven.startNs, ranSeconds(ran), shown),
    timeline_of: shown,
    ...verdict(client, slos, records, interrupted !== null),
    definitions: [...REQUEST_DEFINITIONS, ...RUN_DEFINITIONS],
  };
}

/** Of the schedule, not of the draining after it. */
function ranSeconds({ planned, run }: Ran): number {
  const { warmup, window, cooldown } = planned.seconds;
  const all = warmup + window + cooldown;
  return run.driven.stopped ? Math.min(all, (run.driven.endNs - run.driven.startNs) / 1e9) : all;
}

function interruption({ run }: Ran, ranNs: number): LoadReport["interrupted"] {
  const notDue = run.records.filter(({ g_ns }) => g_ns !== null && g_ns >= run.driven.endNs).length;
  return { after_s: ranNs / 1e9, not_due: notDue };
}

/** 5 % of the tightest limit that is to be judged; without one, of what is seen, and at least what such a loop is good for. */
function limitOf(
  { clientLagMs }: LoadgenOptions,
  slos: readonly SloOutcome[],
  records: readonly RequestRecord[],
  shown: string,
): { ms: number; is: string } {
  if (clientLagMs !== undefined) return { ms: clientLagMs, is: "--max-client-lag-ms" };
  const limits = slos.filter(({ verdict }) => verdict !== "not-evaluated")
    .flatMap(({ criteria }) => criteria.filter(({ limit }) => limit === "<="));
  if (limits.length > 0) {
    const tightest = limits.reduce((least, one) => one.value < least.value ? one : least);
    return { ms: 0.05 * tightest.value, is: `5 % of ${tightest.def} ${tightest.limit} ${tightest.value} ms` };
  }
  const values = sorted(records.flatMap((record) => record.outcome === "ok" ? [...measure(shown, record)] : []));
  const share = values.length === 0 ? 0 : 0.05 * quantileOfSorted(values, 0.5);
  return share > LEAST_LIMIT_MS
    ? { ms: share, is: `5 % of ${shown} p50` }
    : { ms: LEAST_LIMIT_MS, is: "the least without --slo" };
}

const LEAST_LIMIT_MS = 25;

function verdict(
  client: Innocence,
  slos: readonly SloOutcome[],
  records: readonly RequestRecord[],
  interrupted: boolean,
): Pick<LoadReport, "verdict" | "reasons"> {
  const reasons = [...client.reasons];
  if (interrupted) reasons.push("the run was stopped before its end");
  if (records.length === 0) return { verdict: "no_data", reasons: ["no request was due in the window", ...reasons] };
  const found = slos.flatMap((slo) => slo.reasons);
  // A client that is not innocent has nothing to say about latency, whatever the figures say.
  if (reasons.length > 0) return { verdict: "inconclusive", reasons };
  const evaluated = slos.filter((slo) => slo.verdict !== "not-evaluated").map((slo) => slo.verdict);
  if (evaluated.length > 0) return { verdict: combine(evaluated) as "pass" | "fail" | "inconclusive", reasons: found };
  return records.some((record) => record.outcome === "ok")
    ? { verdict: null, reasons }
    : { verdict: "no_data", reasons: ["no request ended well"] };
}

function goodputFigures({ name, goodput: g }: SloOutcome): Figure[] {
  const row = (def: string, unit: Figure["unit"], value: number | null, n: number): Figure => ({
    value,
    unit,
    def,
    stat: "mean",
    rule: "linear",
    over: def.endsWith("ok_only") ? "ok" : "all",
    n,
    slo: name,
  });
  const judged = g.good + g.bad;
  return [
    row("goodput.fraction", "ratio", g.fraction, judged),
    row("goodput.fraction.ok_only", "ratio", g.fraction_ok_only, judged),
    row("goodput.rate", "req/s", g.rate, judged),
    row("goodput.tokens", "tokens/s", g.tokens, judged),
  ];
}

function runFigures(records: readonly RequestRecord[], window: Window): Figure[] {
  const counted = records.filter((record) => record.outcome === "ok" && record.n_out !== null);
  const tokens = counted.reduce((sum, record) => sum + record.n_out!, 0);
  const value = counted.length === 0 ? null : tokens / seconds(window);
  return [{
    value,
    unit: "tokens/s",
    def: "speed.system",
    stat: "mean",
    rule: "linear",
    over: "ok",
    n: counted.length,
  }];
}

function connectionsOf({ run, target }: Ran, records: readonly RequestRecord[]): LoadReport["connections"] {
  const { connections } = run.driven;
  const sent = records.filter((record) => record.conn_reused !== null);
  const told = connections.flatMap(({ retransmits }) => retransmits === null ? [] : [retransmits]);
  return {
    opened:
      connections.filter(({ tcp_ns, tls_ns }) =>
        tcp_ns !== null && (target.endpoint.scheme === "http" || tls_ns !== null)
      )
        .length,
    failed: connections.filter(({ tcp_ns }) => tcp_ns === null).length,
    reused_share: sent.length === 0 ? null : sent.filter((record) => record.conn_reused).length / sent.length,
    dns_ms: target.dnsNs === null ? null : target.dnsNs / 1e6,
    connect_ms: times(connections.map(({ tcp_ns, open_ns }) => tcp_ns === null ? null : tcp_ns - open_ns)),
    tls_ms: times(connections.map(({ tcp_ns, tls_ns }) => tls_ns === null || tcp_ns === null ? null : tls_ns - tcp_ns)),
    retransmits: told.length === 0 ? null : told.reduce((sum, n) => sum + n, 0),
  };
}

function times(ns: readonly (number | null)[]): Times | null {
  const ms = sorted(ns.flatMap((value) => value === null ? [] : [value / 1e6]));
  if (ms.length === 0) return null;
  return {
    p50: quantileOfSorted(ms, 0.5),
    p99: quantileOfSorted(ms, 0.99),
    max: quantileOfSorted(ms, 1),
    n: ms.length,
  };
}

function tokensOf(records: readonly RequestRecord[]): Omit<LoadReport["tokens"], "tokenizer"> {
  const total = (of: (record: RequestRecord) => number | null) =>
    records.reduce((sum, record) => sum + (of(record) ?? 0), 0);
  return {
    in: total(({ n_in }) => n_in),
    out: total(({ n_out }) => n_out),
    cached: records.some(({ n_cached }) => n_cached !== null) ? total(({ n_cached }) => n_cached) : null,
    sources: tally(records.flatMap(({ n_source }) => n_source === null ? [] : [n_source])),
  };
}

function countersOf(records: readonly RequestRecord[]): LoadReport["counters"] {
  const total = (of: (record: RequestRecord) => number) => records.reduce((sum, record) => sum + of(record), 0);
  return {
    coalesced: total((record) => record.coalesced),
    comments: total((record) => record.comments),
    late_bytes: total((record) => record.late_bytes),
    flags: tally(records.flatMap(({ flags }) => flags)),
    bytes_in: total((record) => record.bytes_in),
    bytes_out: total((record) => record.bytes_out),
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** The requests a report judges. */
export function judged(ran: Pick<Ran, "planned" | "run">): RequestRecord[] {
  return inWindow(ran.run.records, windowOf(ran));
}
