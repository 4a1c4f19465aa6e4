/**
 * When did the objective's indicator move? Looks at TTFT alone: kernel signals never open an incident, they explain one.
 *
 * A sliding window is compared with the baseline in two ways, since a fault may slow every request or only some. Every: a one-sided
 * Mann-Whitney test, and the median slower by a margin a person would notice, max(10 ms, 25 % of the baseline's median, 3 MAD).
 * Some: more requests beyond the baseline's 95th percentile plus that margin than chance allows (binomial test). Windows that pass, and touch, are one incident; the longest is reported.
 */
import { binomialTails } from "../stats/beta.ts";
import { mad, median, quantile } from "../stats/describe.ts";
import { mannWhitneyU } from "../stats/mann_whitney.ts";

export interface Sample {
  /** When the request arrived, nanoseconds on one clock. */
  readonly atNs: number;
  readonly ttftMs: number;
}

export interface Shift {
  readonly startNs: number;
  readonly endNs: number;
  /** Of the whole incident against the baseline. */
  readonly p: number;
  readonly medianShiftMs: number;
}

export interface ShiftOptions {
  readonly windowNs?: number;
  readonly stepNs?: number;
  /** A window with fewer requests decides nothing. */
  readonly minSamples?: number;
  readonly alpha?: number;
  readonly minShiftMs?: number;
  /** Of the baseline's median. */
  readonly minShiftShare?: number;
}

const LEAST_MS = 10, LEAST_SHARE = 0.25, LEAST_MADS = 3;

/** By so many milliseconds a median has to be later than the baseline's for a person to notice. `baseline` is not empty. */
export function noticeableMs(baseline: readonly number[], leastMs = LEAST_MS, leastShare = LEAST_SHARE): number {
  return Math.max(leastMs, leastShare * median(baseline), LEAST_MADS * mad(baseline));
}

/** null when nothing moved, or there is too little to say so. `samples` in any order; those up to `baselineEndNs` are the baseline. */
export function findShift(samples: readonly Sample[], baselineEndNs: number, options: ShiftOptions = {}): Shift | null {
  const { windowNs = 4e9, stepNs = 1e9, minSamples = 6, alpha = 0.001, minShiftMs, minShiftShare } = options;
  const sorted = [...samples].sort((a, b) => a.atNs - b.atNs);
  const baseline = sorted.filter((s) => s.atNs <= baselineEndNs).map((s) => s.ttftMs);
  const later = sorted.filter((s) => s.atNs > baselineEndNs);
  if (baseline.length < minSamples || later.length < minSamples) return null;
  const centre = median(baseline);
  const margin = noticeableMs(baseline, minShiftMs, minShiftShare);

  const tail = quantile(baseline, 0.95) + margin;
  const beyondTail = (ttftMs: number) => ttftMs > tail;
  // With one more than was seen, so that a baseline without any does not make the first one an incident.
  const tailShare = (baseline.filter(beyondTail).length + 1) / (baseline.length + 2);

  let best: { startNs: number; endNs: number } | null = null;
  let open: { startNs: number; endNs: number } | null = null;
  const last = later.at(-1)!.atNs;
  for (let from = baselineEndNs; from < last; from += stepNs) {
    const window = later.filter((s) => s.atNs > from && s.atNs <= from + windowNs).map((s) => s.ttftMs);
    if (window.length < minSamples) continue;
    const every = median(window) - centre >= margin &&
      mannWhitneyU(window, baseline, { alternative: "greater" }).p < alpha;
    const some = binomialTails(window.filter(beyondTail).length, window.length, tailShare).atLeast < alpha;
    if (!every && !some) continue;
    open = open !== null && from <= open.endNs
      ? { startNs: open.startNs, endNs: from + windowNs }
      : { startNs: from, endNs: from + windowNs };
    if (best === null || open.endNs - open.startNs >= best.endNs - best.startNs) best = open;
  }
  if (best === null) return null;

  // The first and last windows reach beyond the incident: cut to the requests that are themselves as slow as it, or half as much.
  const beyond = later.filter((s) => s.atNs > best.startNs && s.atNs <= best.endNs && s.ttftMs - centre >= margin);
  const half = (median(beyond.map((s) => s.ttftMs)) - centre) / 2;
  const slow = beyond.filter((s) => s.ttftMs - centre >= half);
  const startNs = slow[0]!.atNs;
  const endNs = slow.at(-1)!.atNs;
  const inside = later.filter((s) => s.atNs >= startNs && s.atNs <= endNs).map((s) => s.ttftMs);
  return {
    startNs,
    endNs,
    p: mannWhitneyU(inside, baseline, { alternative: "greater" }).p,
    medianShiftMs: median(inside) - centre,
  };
}
