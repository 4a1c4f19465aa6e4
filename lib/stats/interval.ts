import { fraction, nearest } from "./decimal.ts";

/** An estimate with the range it may lie in. A limit the data cannot give is infinite, or the end of the scale; never a guess. */
export interface Interval<Method extends string = string> {
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
  readonly method: Method;
}

export interface LevelOption {
  /** Coverage, two-sided, in (0, 1). Default 0.95. A one-sided bound at 95 % is the limit of an interval at 0.9. */
  readonly level?: number;
}

/** What is left to either side: 0.025 at 0.95, and not the double beside it. @throws RangeError for a level outside (0, 1) */
export function eachTail({ level = 0.95 }: LevelOption): number {
  const exact = level > 0 && level < 1 ? fraction(level) : null;
  if (exact === null) throw new RangeError(`Cannot use "level ${level}": it lies outside 0 to 1`);
  return nearest(exact.d - exact.n, 2n * exact.d);
}
