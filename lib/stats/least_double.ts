/**
 * The least double in [low, high] for which `holds` is true, where it is false below and true from there on; NaN when it is not
 * even true at `high`. Halves the ordered list of the doubles, not the interval: 64 questions at most, and the last bit is right.
 */
export function leastDouble(low: number, high: number, holds: (x: number) => boolean): number {
  if (!holds(high)) return NaN;
  let [below, at] = [rank(low) - 1n, rank(high)];
  while (at - below > 1n) {
    const middle = (below + at) >> 1n;
    if (holds(double(middle))) at = middle;
    else below = middle;
  }
  return double(at);
}

const float = new Float64Array(1);
const word = new BigInt64Array(float.buffer);
const SIGN = 1n << 63n;

/** The double in the middle between two, by their number; the lower one where none lies between. */
export function middleDouble(low: number, high: number): number {
  return double((rank(low) + rank(high)) >> 1n);
}

/** Place of a double among all of them: consecutive doubles have consecutive places, and both zeros place 0. */
function rank(x: number): bigint {
  float[0] = x;
  return word[0]! >= 0n ? word[0]! : -SIGN - word[0]!;
}

function double(place: bigint): number {
  word[0] = place >= 0n ? place : -SIGN - place;
  return float[0]!;
}
