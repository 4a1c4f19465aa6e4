/** Incomplete beta function, and the two distributions that are made of it: binomial and Student's t. */
import { leastDouble } from "./least_double.ts";
import { deviance, stirlingError } from "./saddle_point.ts";

/**
 * I_x(a, b) = P(Beta(a, b) <= x), and its complement, neither by subtraction from 1 where it is small.
 * @param y 1 - x, given apart because the caller may know it better
 */
export function incompleteBeta(a: number, b: number, x: number, y = 1 - x): { lower: number; upper: number } {
  if (x <= 0) return { lower: 0, upper: 1 };
  if (y <= 0) return { lower: 1, upper: 0 };
  // a - nx = ny - b, from the smaller of x and y, which has lost nothing to the other.
  const excess = x < y ? a - (a + b) * x : (a + b) * y - b;
  // The continued fraction is for the side of the mean that x lies on; the other one is this one of the mirrored distribution.
  const below = x * (a + b + 2) <= a + 1;
  const small = kernel(a, b, x, y, excess) *
    (below ? continuedFraction(a, b, x, y, excess) : continuedFraction(b, a, y, x, -excess));
  const part = Math.min(1, small);
  return below ? { lower: part, upper: 1 - part } : { lower: 1 - part, upper: part };
}

/** P(X <= k) and P(X >= k) of n draws with probability p each. */
export function binomialTails(k: number, n: number, p: number): { atMost: number; atLeast: number } {
  return {
    atMost: k < 0 ? 0 : k >= n ? 1 : incompleteBeta(k + 1, n - k, p).upper,
    atLeast: k <= 0 ? 1 : k > n ? 0 : incompleteBeta(k, n - k + 1, p).lower,
  };
}

/** P(T > t) of Student's t, df > 0 and not necessarily whole. */
export function studentTail(t: number, df: number): number {
  if (t < 0) return 1 - studentTail(-t, df);
  if (t === Infinity) return 0;
  return incompleteBeta(df / 2, 0.5, df / (df + t * t), t * t / (df + t * t)).lower / 2;
}

/** The t with P(T <= t) = p. */
export function studentQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1 && df > 0)) return NaN;
  if (p === 0.5) return 0;
  const tail = Math.min(p, 1 - p);
  const t = tail === 0 ? Infinity : leastDouble(0, Infinity, (t) => studentTail(t, df) <= tail);
  return p < 0.5 ? -t : t;
}

/** x^a y^b / B(a, b), by the saddle point: logarithms of gamma functions would cancel for large a and b. */
function kernel(a: number, b: number, x: number, y: number, excess: number): number {
  const n = a + b;
  const exponent = stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x, excess) -
    deviance(b, n * y, -excess);
  return Math.sqrt(a * b / (2 * Math.PI * n)) * Math.exp(exponent);
}

/**
 * I_x over its kernel, by the continued fraction of Didonato and Morris (1992), which takes neither x nor y from the other; Lentz's
 * method, about sqrt(max(a, b)) rounds.
 */
function continuedFraction(a: number, b: number, x: number, y: number, excess: number): number {
  const TINY = 1e-300;
  let c = Infinity;
  let d = (a + 1) / (a * (excess + 1));
  let result = d;
  for (let m = 1; m < 100_000; m++) {
    const denominator = m + m * (b - m) * x / (a + 2 * m - 1) + (a + m) / (a + 2 * m + 1) * (excess + 1 + m * (1 + y));
    const numerator = (a + m - 1) * (a + b + m - 1) * m * (b - m) * x * x / (a + 2 * m - 1) ** 2;
    d = 1 / (denominator + numerator * d || TINY);
    c = denominator + numerator / c || TINY;
    result *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return result;
}
