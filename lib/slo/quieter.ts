/**
 * A run without phases, in which nobody said what is normal: its quieter part serves as the baseline, and the rest is looked at for a
 * shift, later or earlier. What was slow from beginning to end has no quieter part, and nothing is claimed of it.
 */
import { median } from "../stats/describe.ts";
import { mannWhitneyU } from "../stats/mann_whitney.ts";
import { findShift, type Sample, type Shift, type ShiftOptions } from "./shift.ts";

/** Bounds included, nanoseconds. */
interface Span {
  readonly startNs: number;
  readonly endNs: number;
}

export interface Moved {
  /** The quieter part; nothing of the shift is in it. */
  readonly baseline: Span;
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
    const later = moved(sorted, quiet, options);
    const earlier = moved(sorted.map(mirrored).reverse(), mirroredSpan(quiet), options);
    const found = longer(later, earlier === null ? null : mirroredMove(earlier));
    // A part that reaches into what is slow hides some of it: the longest shift had the cleanest baseline.
    if (lengthOf(found) > lengthOf(best)) best = found;
  }
  return best;
}

function quietest(
  sorted: readonly Sample[],
  firstNs: number,
  length: number,
  share: number,
): Span | null {
  let best: Span & { readonly ttftMs: number } | null = null;
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

/** A shift that comes after the quieter part. */
function moved(sorted: readonly Sample[], quiet: Span, options: ShiftOptions): Moved | null {
  const from = sorted.filter(({ atNs }) => atNs >= quiet.startNs);
  const shift = findShift(from, quiet.endNs, options);
  return shift === null ? null : cutApart(from, quiet, shift);
}

/**
 * The quieter part was given its length before anybody knew where the slow part begins, and may reach into it: up to half of it, since
 * it was chosen by its median. What reaches into it goes to the shift, or means of the two would lie closer together than they are.
 */
function cutApart(from: readonly Sample[], quiet: Span, shift: Shift): Moved {
  const inside = ({ startNs, endNs }: Span) => from.filter(({ atNs }) => atNs >= startNs && atNs <= endNs);
  const times = (span: Span) => inside(span).map(({ ttftMs }) => ttftMs);
  const limit = median(times(quiet)) + shift.medianShiftMs / 2;
  const before = from.filter(({ atNs }) => atNs < shift.startNs);
  // Where to cut, so that the fewest are slow before it and quick after it.
  let wrong = before.filter(({ ttftMs }) => ttftMs > limit).length;
  let [cut, least] = [before.length, wrong];
  for (let i = before.length - 1; i >= LEAST; i--) {
    wrong += before[i]!.ttftMs > limit ? -1 : 1;
    if (wrong < least) [cut, least] = [i, wrong];
  }
  if (cut === before.length) return { baseline: quiet, shift };
  const baseline = { startNs: quiet.startNs, endNs: Math.min(quiet.endNs, before[cut - 1]!.atNs) };
  const span = { startNs: before[cut]!.atNs, endNs: shift.endNs };
  const [slow, quick] = [times(span), times(baseline)];
  const { p } = mannWhitneyU(slow, quick, { alternative: "greater" });
  return { baseline, shift: { ...span, p, medianShiftMs: median(slow) - median(quick) } };
}

function mirrored({ atNs, ttftMs }: Sample): Sample {
  return { atNs: -atNs, ttftMs };
}

function mirroredSpan({ startNs, endNs }: Span): Span {
  return { startNs: -endNs, endNs: -startNs };
}

function mirroredMove({ baseline, shift }: Moved): Moved {
  return { baseline: mirroredSpan(baseline), shift: { ...shift, ...mirroredSpan(shift) } };
}

function longer(a: Moved | null, b: Moved | null): Moved | null {
  return lengthOf(b) > lengthOf(a) ? b : a;
}

function lengthOf(move: Moved | null): number {
  return move === null ? -1 : move.shift.endNs - move.shift.startNs;
}
