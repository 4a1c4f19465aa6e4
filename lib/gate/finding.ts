/** What one check came to: a verdict, why, and the numbers it rests on. Pure. */
import type { Verdict } from "./verdict.ts";

export interface Finding {
  readonly verdict: Verdict;
  /** A stable word, such as `no-data` or `straddles`; null for a plain pass or fail. */
  readonly reason: string | null;
  /** For a person: what was seen, and where the verdict is no plain one, what would settle it. */
  readonly said: string;
  /** The number that was judged; null where there is none. */
  readonly value: number | null;
  /** What it was judged against, such as `<= 0.05`. */
  readonly limit: string;
  /** How many observations it rests on. */
  readonly n: number;
  readonly interval: readonly [number, number] | null;
  /** How the verdict was reached: `wilson`, `exact`, `point` ... */
  readonly method: string;
}

/** A finding that could not be judged by numbers. */
export function undecided(
  verdict: "inconclusive" | "not-evaluated",
  reason: string,
  said: string,
  limit: string,
  n = 0,
): Finding {
  return { verdict, reason, said, value: null, limit, n, interval: null, method: "none" };
}
