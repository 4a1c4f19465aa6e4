/**
 * A run without phases, in which nobody said what is normal: its quieter part serves as the baseline, and the rest is looked at for a
 * shift, later or earlier. What was slow from beginning to end has no quieter part, and nothing is claimed of it.
 */
import { median } from "../stats/describe.ts";
import { findShift, type Sample, type Shift } from "./shift.ts";

export interface Moved {
  /** The quieter part, bounds included. */
  readonly baseline: { readonly startNs: number; readonly endNs: number };
  readonly shift: Shift;
}

/** Lengths of the quieter part that are tried, as shares of the run; and how many places of each. */
const SHARES = [1 / 2, 1 / 3, 1 / 5];
const STEPS = 20;
/** Requests a quieter part must hold, and a window of the search. */
const LEAST = 8;
/** The baseline was chosen for being quiet: the proof has to be stronger than against one that was given. */
const ALPHA = 1e-4;
const WINDOW_NS = 4e9;

/** null when nothing moved, or there is too little to say so. `samples` in any order. */
export function findMoved(samples: readonly Sample[]): Moved | null {
  const sorted = samples.toSorted((a, b) => a.atNs - b.atNs);
  if (sorted.length < 2 * LEAST) return null;
  const [firstNs, lastNs] = [sorted[0]!.atNs, sorted.at(-1)!.atNs];
  const length = lastNs - firstNs;
  let best: Moved | null = null;
  for (const share of SHARES) {
    const quiet = quietest(sorted, firstNs, length, share);
    if (quiet === null) continue;
    // At a few requests a second a window has to be long enough to hold some.
    const options = { alpha: ALPHA, windowNs: Math.max(WINDOW_NS, length * LEAST / sorted.length) };
    const later = findShift(sorted.filter(({ atNs }) => atNs >= quiet.startNs), quiet.endNs, options);
    const earlier = findShift(sorted.filter(({ atNs }) => atNs <= quiet.endNs).map(mirrored), -quiet.startNs, options);
    const back = earlier === null ? null : { ...earlier, startNs: -earlier.endNs, endNs: -earlier.startNs };
    const shift = longer(later, back);
    // A part that reaches into what is slow hides some of it: the longest shift had the cleanest baseline.
    if (shift !== null && lengthOf(shift) > lengthOf(best?.shift)) best = { baseline: quiet, shift };
  }
  return best;
}

function quietest(
  sorted: readonly Sample[],
  firstNs: number,
  length: number,
  share: number,
): { startNs: number; endNs: number } | null {
  let best: { startNs: number; endNs: number; ttftMs: number } | null = null;
  for (let step = 0; step <= STEPS; step++) {
    const startNs = firstNs + length * (1 - share) * step / STEPS;
    const endNs = startNs + length * share;
    const inside = sorted.filter(({ atNs }) => atNs >= startNs && atNs <= endNs).map(({ ttftMs }) => ttftMs);
    if (inside.length < LEAST) continue;
    const ttftMs = median(inside);
    if (best === null || ttftMs < best.ttftMs) best = { startNs, endNs, ttftMs };
  }
  return best === null ? null : { startNs: best.startNs, endNs: best.endNs };
}

function mirrored({ atNs, ttftMs }: Sample): Sample {
  return { atNs: -atNs, ttftMs };
}

function longer(a: Shift | null, b: Shift | null): Shift | null {
  return lengthOf(b) > lengthOf(a) ? b : a;
}

function lengthOf(shift: Shift | null | undefined): number {
  return shift ? shift.endNs - shift.startNs : -1;
}
