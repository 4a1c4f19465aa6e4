/**
 * Did the client itself bend the figures? What it planned against what it sent, how late its own timers and its own sends were, and
 * how long its thread was kept waiting for a CPU. Pure.
 */
import type { RequestRecord } from "../model/request_record.ts";
import { quantileOfSorted, sorted } from "../stats/describe.ts";
import type { ThreadSchedule } from "./run_delay.ts";
import type { Rates } from "./window.ts";

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly n: number;
}

export interface Innocence {
  /** Lateness of the loop's timers less that of the idle loop, ms. */
  readonly loop_lag_ms: Spread | null;
  /** The same timers before the run, with nothing to do. */
  readonly idle_lag_ms: Spread | null;
  /** From the moment a request was due until the loop looked at it, ms: the client's own part of `lag.schedule`. */
  readonly own_lag_ms: Spread | null;
  readonly run_queue: {
    /** Of the run, the share its thread was ready and another had the CPU. */
    readonly share: number;
    /** Each time it was ready, ms. */
    readonly mean_wait_ms: number;
  } | null;
  /** More than this is material, ms; and of what. */
  readonly limit_ms: number;
  readonly limit_is: string;
  /** At least 99 % of what was due was sent at the rate it was due, or a declared limit says why not. */
  readonly delivered: boolean;
  /** Why no verdict on latency may rest on this run; empty: it may. */
  readonly reasons: readonly string[];
}

const DELIVERED = 0.99;

export interface InnocenceOptions {
  readonly records: readonly RequestRecord[];
  readonly rates: Rates;
  readonly loopLagNs: readonly number[];
  readonly idleLagNs: readonly number[];
  /** What timers of such a loop are late with nothing to do on a quiet machine: more is no floor, but the same disturbance. */
  readonly mostIdleMs: number;
  readonly schedule: ThreadSchedule | null;
  readonly ranNs: number;
  readonly limit: { readonly ms: number; readonly is: string };
  /** Share of the run the thread may stand ready without a CPU. */
  readonly mostWaiting: number;
  /** A limit the caller declared holds requests back: that is no fault of ours. */
  readonly declared: boolean;
  readonly closed: boolean;
}

export function innocence(options: InnocenceOptions): Innocence {
  const { records, rates, schedule, limit, closed } = options;
  const loop = spread(options.loopLagNs);
  const idle = spread(options.idleLagNs);
  const less = (a: number, b: number | undefined) => Math.max(0, a - Math.min(b ?? 0, options.mostIdleMs));
  const net = loop === null ? null : {
    p50: less(loop.p50, idle?.p50),
    p99: less(loop.p99, idle?.p99),
    max: less(loop.max, idle?.max),
    n: loop.n,
  };
  const own = spread(records.flatMap(({ g_ns, p_ns }) => g_ns === null || p_ns === null ? [] : [p_ns - g_ns]));
  // One that was stopped before it began has no share of anything.
  const runQueue = schedule === null || schedule.slices === 0 || options.ranNs < 1e6 ? null : {
    share: schedule.waitedNs / options.ranNs,
    mean_wait_ms: schedule.waitedNs / schedule.slices / 1e6,
  };
  const delivered = closed || options.declared || isDelivered(records, rates);
  const reasons: string[] = [];
  if (!delivered) {
    reasons.push(
      `the load was not delivered: ${rates.sent.toFixed(1)} of ${rates.offered.toFixed(1)} requests a second`,
    );
  }
  const material = (what: string, ms: number | undefined) => {
    if (ms !== undefined && ms > limit.ms) {
      reasons.push(`${what} ${ms.toFixed(1)} ms, more than ${limit.ms.toFixed(1)} ms (${limit.is})`);
    }
  };
  material("the client's own timers were late at p99 by", net?.p99);
  material("the client looked at requests late at p99 by", own?.p99);
  material("each time the client was ready it waited for a CPU", runQueue?.mean_wait_ms);
  if (runQueue !== null && runQueue.share > options.mostWaiting) {
    const [share, most] = [runQueue.share, options.mostWaiting].map((of) => `${(100 * of).toFixed(0)} %`);
    reasons.push(`the client was ready but without a CPU ${share} of the time, more than ${most}`);
  }
  return {
    loop_lag_ms: net,
    idle_lag_ms: idle,
    own_lag_ms: own,
    run_queue: runQueue,
    limit_ms: limit.ms,
    limit_is: limit.is,
    delivered,
    reasons,
  };
}

/** A connection that failed was tried: that is the server's answer, not our lateness. */
function isDelivered(records: readonly RequestRecord[], rates: Rates): boolean {
  if (records.length === 0) return false;
  const neverTried = records.filter((record) => record.s_ns === null && record.error_type === "queue_timeout").length;
  if (neverTried > (1 - DELIVERED) * records.length) return false;
  const unsent = records.filter((record) => record.s_ns === null).length;
  return rates.sent >= DELIVERED * rates.offered * (records.length - unsent) / records.length;
}

function spread(ns: readonly number[]): Spread | null {
  if (ns.length === 0) return null;
  const ms = sorted(ns.map((value) => value / 1e6));
  return {
    p50: quantileOfSorted(ms, 0.5),
    p99: quantileOfSorted(ms, 0.99),
    max: quantileOfSorted(ms, 1),
    n: ms.length,
  };
}
