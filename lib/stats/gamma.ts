/** Incomplete gamma function, and the chi-square distribution that is made of it. */
import { leastDouble } from "./least_double.ts";
import { deviance, stirlingError } from "./saddle_point.ts";

/** P(Gamma(a) <= x) and P(Gamma(a) > x), scale 1, neither by subtraction from 1 where it is small. */
export function incompleteGamma(a: number, x: number): { lower: number; upper: number } {
  if (x <= 0) return { lower: 0, upper: 1 };
  if (x === Infinity) return { lower: 1, upper: 0 };
  // x^a exp(-x) / Gamma(a)
  const kernel = Math.sqrt(a / (2 * Math.PI)) * Math.exp(-stirlingError(a) - deviance(a, x));
  if (x < a + 1) {
    const lower = Math.min(1, kernel * series(a, x));
    return { lower, upper: 1 - lower };
  }
  const upper = Math.min(1, kernel * continuedFraction(a, x));
  return { lower: 1 - upper, upper };
}

/** The x with P(chi-square <= x) = p. */
export function chiSquareQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1 && df > 0)) return NaN;
  return 2 * leastDouble(0, Infinity, (x) => {
    const { lower, upper } = incompleteGamma(df / 2, x);
    return p < 0.5 ? lower >= p : upper <= 1 - p;
  });
}

/** 1/a + x/(a(a + 1)) + ... */
function series(a: number, x: number): number {
  let term = 1 / a;
  let total = term;
  for (let n = 1; term > total * 1e-17; n++) {
    term *= x / (a + n);
    total += term;
  }
  return total;
}

/** 1/(x + 1 - a - (1 - a)/(x + 3 - a - ...)) by Lentz's method (DLMF 8.9.2). */
function continuedFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let result = d;
  for (let n = 1; n < 100_000; n++) {
    const step = n * (a - n);
    b += 2;
    d = 1 / (b + step * d);
    c = b + step / c;
    result *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return result;
}
