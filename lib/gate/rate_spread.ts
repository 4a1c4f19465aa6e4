/** How far error rates of reruns lie apart, where a coefficient of variation would be noise. Pure. */
import { newcombeInterval } from "../stats/proportion.ts";
import type { Verdict } from "./verdict.ts";

export interface Rate {
  /** Failed requests, of n. */
  readonly k: number;
  readonly n: number;
}

export interface RateSpread {
  readonly verdict: Verdict;
  /** Largest rate less the smallest. */
  readonly spread: number;
  readonly low: number;
  readonly high: number;
  readonly margin: number;
  readonly method: "newcombe";
}

/**
 * The largest run rate less the smallest, with Newcombe's interval at alpha over the number of pairs, since the two were chosen. Within
 * the margin it passes; proven beyond it fails; what is seen beyond it and not proven is inconclusive.
 *
 * @param alpha one-sided
 */
export function rateSpread(rates: readonly Rate[], margin: number, alpha: number): RateSpread {
  const order = rates.toSorted((a, b) => a.k / a.n - b.k / b.n || a.n - b.n);
  const [least, most] = [order[0], order.at(-1)];
  if (least === undefined || most === undefined || rates.some(({ k, n }) => !(k >= 0 && k <= n && n > 0))) {
    return { verdict: "inconclusive", spread: NaN, low: NaN, high: NaN, margin, method: "newcombe" };
  }
  const pairs = Math.max(1, rates.length * (rates.length - 1) / 2);
  const interval = newcombeInterval(most.k, most.n, least.k, least.n, { level: 1 - 2 * alpha / pairs });
  const spread = most.k / most.n - least.k / least.n;
  const verdict = spread <= margin ? "pass" : interval.low > margin ? "fail" : "inconclusive";
  return { verdict, spread, low: interval.low, high: interval.high, margin, method: "newcombe" };
}
