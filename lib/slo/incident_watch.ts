/**
 * When an incident of one service begins and ends, from its requests as they end. Pure: time is an argument.
 *
 * What opens one is a request's own experience: the time to first token moved (`findShift`), or more requests fail than chance allows
 * against the baseline. Kernel signals never open one, they explain it. While one is open its baseline is frozen, and nothing else opens
 * for the service: one incident, once.
 */
import { binomialTails } from "../stats/beta.ts";
import { median } from "../stats/describe.ts";
import { findShift } from "./shift.ts";

export interface RequestSample {
  /** When the request ended, nanoseconds since any epoch that all samples share. */
  readonly atNs: number;
  /** Null where the request had no first token. */
  readonly ttftMs: number | null;
  readonly failed: boolean;
}

export interface OpenIncident {
  readonly sli: "ttft_ms" | "error_rate";
  readonly startNs: number;
  /** The latest request known to be part of it. */
  readonly endNs: number;
  /** What it is compared with: requests that ended in [fromNs, toNs]. */
  readonly baseline: { readonly fromNs: number; readonly toNs: number };
}

export type IncidentChange =
  | { readonly kind: "opened"; readonly incident: OpenIncident }
  | { readonly kind: "closed"; readonly incident: OpenIncident; readonly because: ClosedBecause };

/** `recovered`; `no_traffic`: nobody asks any more, which is not health; `persists`: the new level has become the normal one. */
export type ClosedBecause = "recovered" | "no_traffic" | "persists";

export interface WatchOptions {
  /** Fewest requests of a baseline. Default 30. */
  readonly minBaseline?: number;
  /** A baseline that is shorter does not show how much is usual: a service that has just started warms up. Default 30 s. */
  readonly minBaselineNs?: number;
  /** A baseline is not older than this. Default 10 min. */
  readonly baselineNs?: number;
  /** The objective's limit on the time to first token; 0: there is none. */
  readonly objectiveMs?: number;
  /** An incident is not longer than this: its level is then what is normal. Default 2 h. */
  readonly longestNs?: number;
}

/** Samples held; the oldest go first. */
const MOST = 2_048;
/** Of a busy service the first so many of any second stand for all: else what is held would be too short to hold a baseline. */
const MOST_A_SECOND = 16;
/** A window holds about so many requests, and is not shorter or longer than this. */
const PER_WINDOW = 20;
const SHORTEST_NS = 4e9;
const LONGEST_WINDOW_NS = 300e9;
/** Fewer decide nothing. */
const LEAST = 6;
const LEAST_FAILED = 3;
const LEAST_SLOW = 3;
/** A person would notice so much; the shares are of the baseline's median, and of the objective: less does the promise no harm. */
const LEAST_SHIFT_MS = 10;
const LEAST_SHIFT_SHARE = 0.25;
const LEAST_OBJECTIVE_SHARE = 0.05;
/** Tests are made every second of every day: at 0.001 noise alone would open several incidents an hour. */
const ALPHA = 1e-7;
/** An open incident is over when even this finds nothing: one fault on the edge is not to be told as many. */
const ALPHA_OPEN = 1e-3;
/** So many windows are looked at, one by one and as one, which sees a fault that hurts only some; what is older is baseline. */
const LOOK_BACK = 3;
/** More of a baseline would make nothing surer; of the busiest service it is 31 s. */
const MOST_BASELINE = 500;
const SILENCE_NS = 60e9;

export class IncidentWatch {
  readonly #options: Required<WatchOptions>;
  readonly #leastShiftMs: number;
  /** By time. */
  #samples: RequestSample[] = [];
  #open: { incident: OpenIncident; readonly baseline: readonly RequestSample[]; readonly windowNs: number } | null =
    null;

  constructor(options: WatchOptions = {}) {
    const { minBaseline = 30, minBaselineNs = 30e9, baselineNs = 600e9, objectiveMs = 0, longestNs = 7_200e9 } =
      options;
    this.#options = { minBaseline, minBaselineNs, baselineNs, objectiveMs, longestNs };
    this.#leastShiftMs = Math.max(LEAST_SHIFT_MS, LEAST_OBJECTIVE_SHARE * objectiveMs);
  }

  get open(): OpenIncident | null {
    return this.#open?.incident ?? null;
  }

  get samples(): number {
    return this.#samples.length;
  }

  /** In any order; those that come late find their place. */
  add(sample: RequestSample): void {
    let at = this.#samples.length;
    while (at > 0 && this.#samples[at - 1]!.atNs > sample.atNs) at--;
    const before = this.#samples[at - MOST_A_SECOND];
    if (before !== undefined && sample.atNs - before.atNs < 1e9) return;
    this.#samples.splice(at, 0, sample);
    if (this.#samples.length > MOST) this.#samples.splice(0, this.#samples.length - MOST);
  }

  /** Looks at what has come. Call it about once a second; `nowNs` never goes back. */
  turn(nowNs: number): IncidentChange | null {
    this.#samples = this.#samples.slice(firstFrom(this.#samples, nowNs - this.#options.baselineNs));
    return this.#open === null ? this.#mayOpen(nowNs) : this.#mayClose(nowNs);
  }

  #mayOpen(nowNs: number): IncidentChange | null {
    const windowNs = windowOf(this.#samples);
    const recentFrom = firstFrom(this.#samples, nowNs - LOOK_BACK * windowNs);
    const baseline = this.#samples.slice(Math.max(0, recentFrom - MOST_BASELINE), recentFrom);
    const recent = this.#samples.slice(recentFrom);
    const { minBaseline, minBaselineNs } = this.#options;
    if (baseline.length < minBaseline || baseline.at(-1)!.atNs - baseline[0]!.atNs < minBaselineNs) return null;
    const moved = anyMoved(baseline, recent, windowNs, nowNs, ALPHA, this.#leastShiftMs);
    if (moved === null) return null;
    const incident = { ...moved, baseline: { fromNs: baseline[0]!.atNs, toNs: baseline.at(-1)!.atNs } };
    this.#open = { incident, baseline, windowNs };
    return { kind: "opened", incident };
  }

  #mayClose(nowNs: number): IncidentChange | null {
    const { incident, baseline, windowNs } = this.#open!;
    const recent = this.#samples.slice(firstFrom(this.#samples, nowNs - 2 * windowNs));
    const moved = anyMoved(baseline, recent, windowNs, nowNs, ALPHA_OPEN, this.#leastShiftMs);
    if (moved !== null) {
      this.#open!.incident = { ...incident, endNs: Math.max(incident.endNs, moved.endNs) };
      return nowNs - incident.startNs > this.#options.longestNs ? this.#close("persists") : null;
    }
    // Both of the two windows must say that it is over; too few requests say nothing, unless there are none at all.
    const half = firstFrom(recent, nowNs - windowNs);
    if (half >= LEAST && recent.length - half >= LEAST && incident.endNs < nowNs - 2 * windowNs) {
      return this.#close("recovered");
    }
    const silent = nowNs - (this.#samples.at(-1)?.atNs ?? -Infinity) > Math.max(SILENCE_NS, 2 * windowNs);
    return silent ? this.#close("no_traffic") : null;
  }

  /** What was slow is no baseline for what comes, unless it stays. */
  #close(because: ClosedBecause): IncidentChange {
    const { incident } = this.#open!;
    this.#open = null;
    const { startNs, endNs } = incident;
    this.#samples = because === "persists"
      ? this.#samples.filter(({ atNs }) => atNs >= startNs)
      : this.#samples.filter(({ atNs }) => atNs < startNs || atNs > endNs);
    return { kind: "closed", incident, because };
  }
}

type Moved = Pick<OpenIncident, "sli" | "startNs" | "endNs">;

function anyMoved(
  baseline: readonly RequestSample[],
  recent: readonly RequestSample[],
  windowNs: number,
  nowNs: number,
  alpha: number,
  leastMs: number,
): Moved | null {
  const all = LOOK_BACK * windowNs;
  return slower(baseline, recent, windowNs, alpha, leastMs) ?? slower(baseline, recent, all, alpha, leastMs) ??
    failing(baseline, recent, nowNs - windowNs, alpha) ?? failing(baseline, recent, nowNs - all, alpha);
}

function slower(
  baseline: readonly RequestSample[],
  recent: readonly RequestSample[],
  windowNs: number,
  alpha: number,
  leastMs: number,
): Moved | null {
  const told = (samples: readonly RequestSample[]) =>
    samples.flatMap(({ atNs, ttftMs }) => ttftMs === null ? [] : [{ atNs, ttftMs }]);
  const [before, after] = [told(baseline), told(recent)];
  if (before.length === 0) return null;
  // What findShift could find at all, and cheaply: it is asked every second.
  const centre = median(before.map(({ ttftMs }) => ttftMs));
  const slow = after.filter(({ ttftMs }) => ttftMs - centre >= Math.max(leastMs, LEAST_SHIFT_SHARE * centre));
  if (slow.length < LEAST_SLOW) return null;
  const options = {
    windowNs,
    stepNs: windowNs / 4,
    minSamples: LEAST,
    alpha,
    minShiftMs: leastMs,
    minShiftShare: LEAST_SHIFT_SHARE,
  };
  const shift = findShift([...before, ...after], before.at(-1)!.atNs, options);
  return shift && { sli: "ttft_ms", startNs: shift.startNs, endNs: shift.endNs };
}

/** More failures since `fromNs` than the baseline's share makes likely. */
function failing(
  baseline: readonly RequestSample[],
  recent: readonly RequestSample[],
  fromNs: number,
  alpha: number,
): Moved | null {
  const window = recent.slice(firstFrom(recent, fromNs));
  const failed = window.filter((sample) => sample.failed);
  if (window.length < LEAST || failed.length < LEAST_FAILED) return null;
  // With one more than was seen, so that a baseline without any does not make the first one an incident.
  const share = (baseline.filter((sample) => sample.failed).length + 1) / (baseline.length + 2);
  if (binomialTails(failed.length, window.length, share).atLeast >= alpha) return null;
  const first = recent.find((sample) => sample.failed)!;
  return { sli: "error_rate", startNs: first.atNs, endNs: failed.at(-1)!.atNs };
}

/** Long enough for a few dozen requests at the rate they come. */
function windowOf(samples: readonly RequestSample[]): number {
  if (samples.length < 2) return LONGEST_WINDOW_NS;
  const apart = (samples.at(-1)!.atNs - samples[0]!.atNs) / (samples.length - 1);
  return Math.min(LONGEST_WINDOW_NS, Math.max(SHORTEST_NS, apart * PER_WINDOW));
}

/** Index of the first sample at `atNs` or later. */
function firstFrom(samples: readonly RequestSample[], atNs: number): number {
  let [low, high] = [0, samples.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (samples[middle]!.atNs < atNs) low = middle + 1;
    else high = middle;
  }
  return low;
}
