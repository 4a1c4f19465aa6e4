/**
 * How fast this machine is just now: nanoseconds for one dependent multiplication and addition. About 1.4 on a core of 3 GHz; a
 * virtual machine whose host is busy may need four times that, and no account of the guest's kernel says so.
 */
export function stepNs(): number {
  const steps = 40_000_000;
  let value = 0, best = Infinity;
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    for (let i = 0; i < steps; i++) value = (Math.imul(value, 31) + i) | 0;
    best = Math.min(best, (performance.now() - start) * 1e6 / steps);
  }
  return value === 1 ? NaN : best; // `value` is used, so that the loop is not left out
}

const USUAL_NS = 1.6;

/** How many times slower than usual, at least 1. */
export const slowness = (): number => Math.max(1, stepNs() / USUAL_NS);
