import { assert } from "./assert.ts";

/** Fails unless the two agree to so much of what was expected, 1e-9 of it by default; NaN, zeros and infinities must be met. */
export function assertNear(actual: number, expected: number, relative = 1e-9, what = ""): void {
  const close = Object.is(actual, expected) || Math.abs(actual - expected) <= Math.abs(expected) * relative;
  assert(close, `${what} expected ${expected} within ${relative} of it, got ${actual}`.trimStart());
}
