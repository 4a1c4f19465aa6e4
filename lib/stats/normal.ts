/** The standard normal distribution, both tails without cancellation. */
import { erfc } from "./erfc.ts";
import { leastDouble } from "./least_double.ts";

/** P(Z > z). 0 from z = 38.6 on, where it leaves the doubles. */
export function normalTail(z: number): number {
  return erfc(z / Math.SQRT2) / 2;
}

/** The z with P(Z <= z) = p: the probit. Infinite at 0 and 1, NaN outside. */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  // From one half on 1 - p loses nothing.
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p === 0) return -Infinity;
  return p === 0.5 ? 0 : leastDouble(-39, 0, (z) => normalTail(-z) >= p);
}
