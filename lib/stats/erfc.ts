/**
 * Complementary error function, relative error under 1e-12 up to x = 26 (beyond it the result leaves the doubles).
 * Small x: the all-positive series of erf; large x: the continued fraction (Abramowitz and Stegun 7.1.6 and 7.1.14).
 */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 2) {
    let term = x;
    let total = x;
    for (let n = 1; term > total * 1e-17; n++) {
      term *= 2 * x * x / (2 * n + 1);
      total += term;
    }
    return 1 - 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * total;
  }
  if (x > 27.3) return 0;
  if (Number.isNaN(x)) return NaN;
  // x + (1/2)/(x + 1/(x + (3/2)/(x + ...))), from the inside out; 80 levels are enough from 2 on.
  let fraction = x;
  for (let k = 80; k >= 1; k--) fraction = x + k / 2 / fraction;
  return expMinusSquare(x) / (Math.sqrt(Math.PI) * fraction);
}

/** exp(-x*x) with the rounding error of the square put back: at x = 26 it would cost three digits. */
function expMinusSquare(x: number): number {
  const high = Math.round(x * 1024) / 1024;
  const low = x - high;
  return Math.exp(-high * high) * Math.exp(-low * (x + high));
}
