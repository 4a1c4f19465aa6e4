/** Everything a load run found, put together. Pure. */
import { errorKinds, figures, outcomes } from "../../load/figures.ts";
import { innocence } from "../../load/innocence.ts";
import { timeline } from "../../load/timeline.ts";
import { inWindow, rates, type Window } from "../../load/window.ts";
import { ClockLine, toIso } from "../../model/clock.ts";
import { REQUEST_DEFINITIONS, RUN_DEFINITIONS } from "../../model/definitions.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import type { LoadReport, Ran } from "./load_report.ts";
import { connectionsOf, countersOf, goodputFigures, runFigures, tokensOf } from "./report_counts.ts";
import type { SloOutcome } from "./slo.ts";
import { limitOf, verdict } from "./verdict.ts";

/** p99 of the timers of an idle loop, ms: a thread that sleeps in the kernel, and the runtime's. */
const MOST_IDLE_MS = { epoll: 1, net: 10 } as const;

/** Of a run; a thread that stood ready longer than this without a CPU was not where its stamps say. */
const MOST_WAITING = 0.25;

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
    mostIdleMs: MOST_IDLE_MS[run.transport],
    schedule: run.schedule,
    ranNs,
    mostWaiting: options.clientLagMs === undefined ? MOST_WAITING : Infinity,
    limit: limitOf(options, slos, records, shown),
    declared: options.connections !== undefined || options.maxInFlight !== undefined,
    closed,
  });
  const sent = run.records.filter((record) => record.s_ns !== null).length;
  const counts = outcomes(records);
  const values = figures(records);
  const interrupted = driven.stopped ? interruption(ran, ranNs) : null;
  const breaks = new ClockLine(anchor).add(ran.anchorAfter);
  const stops = [
    ...(interrupted === null ? [] : ["the run was stopped before its end"]),
    ...breaks.flatMap(({ kind, byNs }) =>
      kind === "suspend" ? [`the machine slept for ${(byNs / 1e9).toFixed(1)} s`] : []
    ),
  ];
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
    ...verdict(client, slos, records, stops),
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

/** The requests a report judges. */
export function judged(ran: Pick<Ran, "planned" | "run">): RequestRecord[] {
  return inWindow(ran.run.records, windowOf(ran));
}
