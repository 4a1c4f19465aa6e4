/**
 * What one thread did between two moments: readings of its clock, its waits over the threshold with their exact places, and the
 * timers it slept on.
 *
 * A reading is exact, so two of them bound how long the thread ran, waited and slept between them; the told waits say where
 * inside. Time before the first reading or after the last one of an interval can only be explained by told waits.
 *
 * Sleep is the application's own doing only if it ended because a timer was due and the thread then went on to the end of the
 * interval: what came next came of that timer. Any other sleep waited for something no record speaks of. A short sleep after the timer is a
 * hand-over to another thread of the process (a pool); how long that one then waits for a CPU says nothing against the timer.
 */
import type { ThreadClock, TimerEvent, WaitEvent } from "../model/kernel_event.ts";

export interface Reading {
  readonly ns: number;
  readonly clock: ThreadClock;
}

/** So long a hand-over may take, beside what the other threads wait for their CPUs. */
const AFTER_TIMER_NS = 1.5e6;

/** From getting the CPU to coming back from the call that slept. */
const WAKE_NS = 0.2e6;

/** What was waited for from `startNs` to `tsNs`. */
type Wait = Pick<WaitEvent, "startNs" | "tsNs">;

/** Nanoseconds; they sum to the length of the interval. */
export interface Account {
  throttled: number;
  runq: number;
  /** Ran, or slept until a timer of its own. */
  app: number;
  unexplained: number;
}

export class ThreadTrack {
  readonly #readings: readonly Reading[];
  readonly #runq: readonly WaitEvent[];
  readonly #throttled: readonly WaitEvent[];
  readonly #timers: readonly TimerEvent[];
  /** Of the other threads, merged. */
  readonly #others: readonly Wait[];

  /** All of one thread, in any order; `others` are the waits of the other threads of its process. */
  constructor(
    readings: Iterable<Reading>,
    waits: Iterable<WaitEvent>,
    timers: Iterable<TimerEvent> = [],
    others: Iterable<WaitEvent> = [],
  ) {
    this.#others = merged(others);
    this.#timers = [...timers].sort((a, b) => a.tsNs - b.tsNs);
    const atTimers = this.#timers.flatMap(({ tsNs, endClock }) =>
      endClock === null ? [] : [{ ns: tsNs, clock: endClock }]
    );
    this.#readings = [...readings, ...atTimers].sort((a, b) => a.ns - b.ns);
    const sorted = [...waits].sort((a, b) => a.tsNs - b.tsNs);
    this.#runq = sorted.filter((wait) => wait.kind === "runq");
    this.#throttled = sorted.filter((wait) => wait.kind === "throttled");
  }

  /** Accounts for every nanosecond of [from, to]. */
  account(from: number, to: number): Account {
    const total = this.#awake(from, to);
    const timer = this.#timers[firstEndingAfter(this.#timers, to) - 1];
    if (timer === undefined || timer.tsNs <= from) return total;
    const after = this.#awake(timer.tsNs, to).unexplained;
    if (after - overlap(this.#others, timer.tsNs, to) > AFTER_TIMER_NS) return total;
    const slept = Math.min(total.unexplained - after, covered(this.#timers, from, to));
    const meanwhile = timer.startNs < from ? 0 : Math.min(total.runq, this.#waitedDuring(timer));
    total.app += slept + meanwhile;
    total.unexplained -= slept;
    total.runq -= meanwhile;
    return total;
  }

  /** Waits for a CPU while the timer was not due yet: they delayed what else the thread does. The one that ends with it delayed the timer. */
  #waitedDuring({ startNs, tsNs }: TimerEvent): number {
    const last = this.#runq[firstEndingAfter(this.#runq, tsNs) - 1];
    const until = last !== undefined && last.tsNs > tsNs - WAKE_NS ? last.startNs : tsNs;
    return overlap(this.#runq, startNs, Math.max(startNs, until));
  }

  /** As account, with all sleep unexplained. */
  #awake(from: number, to: number): Account {
    const total: Account = { throttled: 0, runq: 0, app: 0, unexplained: 0 };
    const first = this.#readings[lowerBound(this.#readings, from)];
    if (first === undefined || first.ns > to) {
      add(total, this.#bare(from, to));
      return total;
    }
    const last = this.#readings[lowerBound(this.#readings, to + 1) - 1]!;
    add(total, this.#bare(from, first.ns));
    add(total, this.#between(first, last));
    add(total, this.#bare(last.ns, to));
    return total;
  }

  /** Told waits alone. */
  #bare(from: number, to: number): Account {
    const throttled = overlap(this.#throttled, from, to);
    const runq = Math.min(overlap(this.#runq, from, to), to - from - throttled);
    return { throttled, runq, app: 0, unexplained: to - from - throttled - runq };
  }

  #between(from: Reading, to: Reading): Account {
    let left = to.ns - from.ns;
    const take = (ns: number) => {
      const taken = Math.max(0, Math.min(ns, left));
      left -= taken;
      return taken;
    };
    const delta = (key: keyof ThreadClock) => to.clock[key] - from.clock[key];
    // What the clock gained beyond the told waits that ended here are the waits under the threshold.
    const throttled = take(
      overlap(this.#throttled, from.ns, to.ns) +
        Math.max(0, delta("throttledNs") - ended(this.#throttled, from.ns, to.ns)),
    );
    const runq = take(
      overlap(this.#runq, from.ns, to.ns) + Math.max(0, delta("runqNs") - ended(this.#runq, from.ns, to.ns)),
    );
    const app = take(delta("runNs"));
    return { throttled, runq, app, unexplained: left };
  }

  /** Told waits that touch [from, to], for showing. */
  waits(from: number, to: number): WaitEvent[] {
    return [...this.#throttled, ...this.#runq].filter((wait) => wait.tsNs > from && wait.startNs < to)
      .sort((a, b) => a.startNs - b.startNs);
  }
}

function add(total: Account, part: Account): void {
  total.throttled += part.throttled;
  total.runq += part.runq;
  total.app += part.app;
  total.unexplained += part.unexplained;
}

/** Index of the first reading at or after `ns`. */
function lowerBound(readings: readonly Reading[], ns: number): number {
  let low = 0, high = readings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (readings[middle]!.ns < ns) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index of the first that ends after `ns`. What a thread waits for one after the other is sorted by start and by end alike. */
function firstEndingAfter(waits: readonly { readonly tsNs: number }[], ns: number): number {
  let low = 0, high = waits.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (waits[middle]!.tsNs <= ns) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Nanoseconds of [from, to] in which any of the timers that ended by `to` was waited for. */
function covered(timers: readonly TimerEvent[], from: number, to: number): number {
  let ns = 0;
  let at = from;
  for (let i = firstEndingAfter(timers, from); i < timers.length && timers[i]!.tsNs <= to; i++) {
    ns += Math.max(0, timers[i]!.tsNs - Math.max(at, timers[i]!.startNs));
    at = Math.max(at, timers[i]!.tsNs);
  }
  return ns;
}

/** In order and without overlaps. */
function merged(waits: Iterable<Wait>): Wait[] {
  const apart: { startNs: number; tsNs: number }[] = [];
  for (const { startNs, tsNs } of [...waits].sort((a, b) => a.startNs - b.startNs)) {
    const last = apart.at(-1);
    if (last === undefined || startNs > last.tsNs) apart.push({ startNs, tsNs });
    else last.tsNs = Math.max(last.tsNs, tsNs);
  }
  return apart;
}

/** Nanoseconds of the waits that lie inside [from, to]. */
function overlap(waits: readonly Wait[], from: number, to: number): number {
  let ns = 0;
  for (let i = firstEndingAfter(waits, from); i < waits.length && waits[i]!.startNs < to; i++) {
    ns += Math.min(to, waits[i]!.tsNs) - Math.max(from, waits[i]!.startNs);
  }
  return ns;
}

/** Whole length of the waits that ended in (from, to]: what the thread's clock was moved by. */
function ended(waits: readonly Wait[], from: number, to: number): number {
  let ns = 0;
  for (let i = firstEndingAfter(waits, from); i < waits.length && waits[i]!.tsNs <= to; i++) {
    ns += waits[i]!.tsNs - waits[i]!.startNs;
  }
  return ns;
}
