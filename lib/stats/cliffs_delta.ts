/** Cliff's delta: how much more often a value of x exceeds one of y than the other way round. */
import { studentQuantile } from "./beta.ts";
import { eachTail, type Interval, type LevelOption } from "./interval.ts";
import { eachGroup, rankable } from "./rank_sum.ts";

export type EffectLabel = "negligible" | "small" | "medium" | "large";

export interface CliffsDelta extends Interval<"cliff" | "wilson" | "none"> {
  /** P(x > y) - P(x < y), in [-1, 1]; the same number as `estimate`. */
  readonly delta: number;
  /** By |delta|: below .147 negligible, .33 small, .474 medium. None when there is nothing to compare. */
  readonly label: EffectLabel | null;
}

/**
 * The interval is Cliff's (1993) with the asymmetric limits of Feng and Cliff (2004), t with m + n - 2 degrees of freedom. Where the
 * samples do not overlap (delta 1 or -1) its variance is 0, and the limit is Wilson's for the smaller sample instead. One value on a
 * side has no variance: the interval is all of [-1, 1].
 *
 * ```ts
 * import { cliffsDelta } from "@llm-slo/sloctl";
 *
 * const { delta, label } = cliffsDelta([10, 10, 20, 20, 20, 30, 30, 30, 40, 50], [10, 20, 30, 40, 40, 50]);
 * if (delta !== -0.25 || label !== "small") throw new Error("y is larger somewhat more often");
 * ```
 *
 * @returns NaN, method none, when a side is empty or holds a NaN
 */
export function cliffsDelta(x: Iterable<number>, y: Iterable<number>, options: LevelOption = {}): CliffsDelta {
  const tail = eachTail(options);
  const samples = rankable(x, y);
  if (samples === null) return { delta: NaN, label: null, low: NaN, high: NaN, estimate: NaN, method: "none" };
  const [m, n] = [samples[0].length, samples[1].length];
  const { wins, losses, spreadX, spreadY } = dominance(...samples);
  const delta = (wins - losses) / (m * n);
  const found = { delta, label: effectLabel(delta), estimate: delta };
  if (m === 1 || n === 1) return { ...found, low: -1, high: 1, method: "none" };

  const t = studentQuantile(1 - tail, m + n - 2);
  const spare = (1 - delta) * (1 + delta);
  if (spare === 0) {
    const few = Math.min(m, n);
    const inner = (few - t * t) / (few + t * t);
    const [low, high] = delta > 0 ? [inner, 1] : [-1, -inner];
    return { ...found, low, high, method: "wilson" };
  }
  const pairs = wins + losses - m * n * delta * delta;
  const unbiased = (n * n * spreadX + m * m * spreadY - pairs) / (m * n * (m - 1) * (n - 1));
  // The unbiased estimate may fall to 0 and below; Cliff's least value then stands in.
  const variance = unbiased > 0 ? unbiased : spare / (m * n - 1);
  const wide = t * Math.sqrt(variance) * Math.sqrt(spare * spare + t * t * variance);
  const [centre, scale] = [delta * spare, spare + t * t * variance];
  return { ...found, low: (centre - wide) / scale, high: (centre + wide) / scale, method: "cliff" };
}

/** The label of a delta, by its size alone; null for NaN. */
export function effectLabel(delta: number): EffectLabel | null {
  const size = Math.abs(delta);
  if (Number.isNaN(size)) return null;
  return size < 0.147 ? "negligible" : size < 0.33 ? "small" : size < 0.474 ? "medium" : "large";
}

/** Pairs with x above y and below it, and for each side the sum of squares of its values' own deltas about the whole. */
function dominance(x: Float64Array, y: Float64Array) {
  const [m, n] = [x.length, y.length];
  let [wins, losses, squaresX, squaresY] = [0, 0, 0, 0];
  eachGroup(x, y, (ofX, ofY, _, lessY) => {
    wins += ofX * lessY;
    losses += ofX * (n - lessY - ofY);
  });
  const delta = (wins - losses) / (m * n);
  eachGroup(x, y, (ofX, ofY, lessX, lessY) => {
    squaresX += ofX * ((2 * lessY + ofY - n) / n - delta) ** 2;
    squaresY += ofY * ((m - 2 * lessX - ofX) / m - delta) ** 2;
  });
  return { wins, losses, spreadX: squaresX, spreadY: squaresY };
}
