/** Events of one SLO gathered into slices of time; a slice is judged once it is over. Pure. */
import { fraction } from "../stats/decimal.ts";
import { compare } from "./literal.ts";
import type { Budgeting, Slice } from "./slo.ts";
import type { Counts } from "./window_counter.ts";

/** A share is counted in billionths of a slice. */
export const PER_SLICE = 1_000_000_000;

/** What one slice adds to the windows, in billionths of a slice. */
export interface ClosedSlice extends Counts {
  readonly atMs: number;
}

export class Slices {
  readonly #lengthMs: number;
  readonly #open = new Map<number, { good: number; bad: number }>();
  #closedBefore = -Infinity;
  /** Slices that had events, but too few to judge. */
  thin = 0;

  /** @param least fewest events that make a slice worth judging */
  constructor(
    readonly slice: Slice,
    readonly budgeting: Budgeting,
    readonly least: number,
  ) {
    this.#lengthMs = slice.seconds * 1000;
  }

  /** False when its slice was judged already. */
  add(atMs: number, good: boolean): boolean {
    const index = Math.floor(atMs / this.#lengthMs);
    if (index < this.#closedBefore) return false;
    const slice = this.#open.get(index) ?? { good: 0, bad: 0 };
    if (good) slice.good++;
    else slice.bad++;
    this.#open.set(index, slice);
    return true;
  }

  /** Judges the slices that ended a slice's length ago or earlier: what is late by that much still counts. */
  close(nowMs: number): ClosedSlice[] {
    this.#closedBefore = Math.max(this.#closedBefore, Math.floor(nowMs / this.#lengthMs) - 1);
    const over = [...this.#open].filter(([index]) => index < this.#closedBefore).sort(([a], [b]) => a - b);
    return over.flatMap(([index, counts]) => {
      this.#open.delete(index);
      if (counts.good + counts.bad < this.least) {
        this.thin++;
        return [];
      }
      const bad = badShare(counts, this);
      return [{ atMs: index * this.#lengthMs, good: PER_SLICE - bad, bad }];
    });
  }
}

/** Billionths of a slice that count as bad. */
export function badShare(
  { good, bad }: Counts,
  { slice, budgeting }: { readonly slice: Slice; readonly budgeting: Budgeting },
): number {
  if (budgeting === "RatioTimeslices") return Math.round(bad / (good + bad) * PER_SLICE);
  const share = { n: fraction(good)!.n, d: fraction(good + bad)!.n };
  return compare(share, slice.target) >= 0 ? 0 : PER_SLICE;
}

/** Slices of the parts, as slices of the whole: bad if bad in any part; of ratios the weighted loss, at most all of it. */
export function combineSlices(
  parts: readonly { readonly weight: number; readonly closed: readonly ClosedSlice[] }[],
  budgeting: Budgeting,
): ClosedSlice[] {
  const at = Map.groupBy(
    parts.flatMap(({ weight, closed }) => closed.map((slice) => ({ weight, ...slice }))),
    ({ atMs }) => atMs,
  );
  return [...at].sort(([a], [b]) => a - b).map(([atMs, slices]) => {
    const lost = budgeting === "Timeslices"
      ? Math.max(...slices.map(({ bad }) => bad))
      : Math.min(PER_SLICE, Math.round(slices.reduce((sum, { weight, bad }) => sum + weight * bad, 0)));
    return { atMs, good: PER_SLICE - lost, bad: lost };
  });
}
