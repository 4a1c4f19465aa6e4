/** Mann-Whitney U test (Wilcoxon rank sum): does x tend to be larger than y? */
import { erfc } from "./erfc.ts";

export type Alternative = "two-sided" | "greater" | "less";

export interface MannWhitneyOptions {
  /** `greater`: x tends to exceed y. Default two-sided. */
  readonly alternative?: Alternative;
  /** `auto`: exact while it is cheap (no ties and both sides up to 50, or ties and up to 60 together), else normal. */
  readonly method?: "auto" | "exact" | "normal";
  /** Continuity correction of the normal approximation. Default true. */
  readonly continuity?: boolean;
  /** What "as extreme" means in the exact two-sided test when there are ties. Default absdev. */
  readonly twoSided?: "absdev" | "double";
}

export interface MannWhitney {
  /** Pairs in which x exceeds y, ties half. */
  readonly u: number;
  /** NaN when a side is empty or holds a NaN. */
  readonly p: number;
  /** Normal score of u, without correction; 0 when every value is tied. */
  readonly z: number;
  /** `degenerate`: every value is tied, p is 1. `none`: nothing to test. */
  readonly method: "exact" | "normal" | "degenerate" | "none";
}

export function mannWhitneyU(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: MannWhitneyOptions = {},
): MannWhitney {
  const { alternative = "two-sided", method = "auto", continuity = true, twoSided = "absdev" } = options;
  const m = x.length;
  const n = y.length;
  const ranked = doubledRanks(x, y);
  if (m === 0 || n === 0 || ranked === null) return { u: NaN, p: NaN, z: NaN, method: "none" };

  const u = (ranked.sumX - m * (m + 1)) / 2;
  const total = m + n;
  const variance = m * n / 12 * ((total + 1) - ranked.tieSum / (total * (total - 1)));
  const sigma = Math.sqrt(variance);
  if (!(sigma > 0)) return { u, p: 1, z: 0, method: "degenerate" };
  const z = (u - m * n / 2) / sigma;

  const small = ranked.tieSum === 0 ? m <= 50 && n <= 50 : total <= 60;
  if (method === "exact" || (method === "auto" && small)) {
    return { u, p: exactP(ranked, m, alternative, twoSided), z, method: "exact" };
  }
  return { u, p: normalP(u - m * n / 2, sigma, alternative, continuity ? 0.5 : 0), z, method: "normal" };
}

interface Ranked {
  /** Twice the midrank of every value, 1-based, ascending: an integer even with ties. */
  readonly doubled: Int32Array;
  /** Sum of the doubled ranks of x. */
  readonly sumX: number;
  /** Sum of t^3 - t over groups of t tied values. */
  readonly tieSum: number;
}

/** Null when there is a NaN, which has no rank. */
function doubledRanks(x: ArrayLike<number>, y: ArrayLike<number>): Ranked | null {
  const m = x.length;
  const pool = new Float64Array(m + y.length);
  pool.set(x);
  pool.set(y, m);
  if (pool.some(Number.isNaN)) return null;
  const order = Uint32Array.from(pool.keys()).sort((i, j) => pool[i] === pool[j] ? 0 : pool[i]! < pool[j]! ? -1 : 1);
  const doubled = new Int32Array(pool.length);
  let sumX = 0;
  let tieSum = 0;
  for (let first = 0; first < order.length;) {
    let last = first;
    while (last + 1 < order.length && pool[order[last + 1]!] === pool[order[first]!]) last++;
    const rank = first + last + 2;
    for (let i = first; i <= last; i++) {
      doubled[i] = rank;
      if (order[i]! < m) sumX += rank;
    }
    const t = last - first + 1;
    tieSum += t ** 3 - t;
    first = last + 1;
  }
  return { doubled, sumX, tieSum };
}

/** Never 1 - Phi: that is 0 beyond z = 8.3. `half` is the continuity correction. */
function normalP(d: number, sigma: number, alternative: Alternative, half: number): number {
  const scale = sigma * Math.SQRT2;
  if (alternative === "greater") return erfc((d - half) / scale) / 2;
  if (alternative === "less") return erfc(-(d + half) / scale) / 2;
  return d === 0 ? 1 : Math.min(1, erfc((Math.abs(d) - half) / scale));
}

/**
 * Counts, for every sum, the ways to choose m of the ranks; ties are kept as they are. Only positive terms are added, so
 * doubles lose nothing that matters.
 */
function exactP(ranked: Ranked, m: number, alternative: Alternative, twoSided: "absdev" | "double"): number {
  const { doubled, sumX } = ranked;
  let most = 0;
  for (let i = doubled.length - m; i < doubled.length; i++) most += doubled[i]!;
  const ways = Array.from({ length: m + 1 }, () => new Float64Array(most + 1));
  ways[0]![0] = 1;
  let reach = 0;
  for (const rank of doubled) {
    reach = Math.min(most, reach + rank);
    for (let k = m; k >= 1; k--) {
      const from = ways[k - 1]!;
      const to = ways[k]!;
      for (let s = rank; s <= reach; s++) to[s]! += from[s - rank]!;
    }
  }
  const counts = ways[m]!;
  const share = (keep: (sum: number) => boolean): number => {
    let kept = 0;
    let all = 0;
    counts.forEach((count, s) => {
      all += count;
      if (keep(s)) kept += count;
    });
    return kept / all;
  };
  const greater = () => share((s) => s >= sumX);
  const less = () => share((s) => s <= sumX);
  if (alternative === "greater") return greater();
  if (alternative === "less") return less();
  if (twoSided === "double") return Math.min(1, 2 * Math.min(greater(), less()));
  const centre = m * (doubled.length + 1);
  return share((s) => Math.abs(s - centre) >= Math.abs(sumX - centre));
}
