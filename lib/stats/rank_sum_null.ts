/** The exact distribution of the rank sum when it is chance which of the values are those of x; ties as they are. */
import { doubledRank, eachGroup } from "./rank_sum.ts";

export interface RankSumNull {
  /** Ways to choose the values of x, by doubled rank sum: `counts[i]` for `least + i * step`. Exact integers up to 2^53. */
  readonly counts: Float64Array;
  readonly least: number;
  readonly step: number;
  /** Ways in all. */
  readonly ways: number;
}

/** Additions, about a second of them. */
const MOST_WORK = 1e9;

/** @throws RangeError when there are too many values to count */
export function rankSumNull(x: Float64Array, y: Float64Array): RankSumNull {
  const total = x.length + y.length;
  // Of the smaller sample: what it does not have, the other has.
  const size = Math.min(x.length, y.length);
  const ranks: number[] = [];
  eachGroup(x, y, (ofX, ofY, lessX, lessY) => {
    for (let i = 0; i < ofX + ofY; i++) ranks.push(doubledRank(ofX + ofY, lessX + lessY));
  });
  // Only differences matter, in units of their common divisor: 0, 1, 2, ... without ties.
  const step = Math.max(1, ranks.reduce((divisor, rank) => gcd(divisor, rank - ranks[0]!), 0));
  const counts = choose(ranks.map((rank) => (rank - ranks[0]!) / step), size);
  const least = size * ranks[0]!;
  const ways = counts.reduce((sum, count) => sum + count);
  if (size === x.length) return { counts, least, step, ways };
  const all = total * (total + 1);
  return { counts: counts.reverse(), least: all - least - step * (counts.length - 1), step, ways };
}

/** Probability of the doubled rank sums that are kept. Only positive terms are added: no tail cancels. */
export function share({ counts, least, step, ways }: RankSumNull, keep: (doubledSum: number) => boolean): number {
  let kept = 0;
  for (let i = 0; i < counts.length; i++) if (keep(least + i * step)) kept += counts[i]!;
  return kept / ways;
}

/** For every sum, the ways to choose `size` of the values, which are ascending integers from 0. */
function choose(values: readonly number[], size: number): Float64Array {
  const most = values.slice(values.length - size).reduce((sum, value) => sum + value);
  const row = most + 1;
  if (values.length * (size + 1) * row > MOST_WORK) {
    throw new RangeError(
      `Cannot count "${size} of ${values.length} values": too many for an exact test, use the method normal`,
    );
  }
  // ways[k * row + s]: how often k of the values seen so far have the sum s.
  const ways = new Float64Array((size + 1) * row);
  ways[0] = 1;
  let reach = 0;
  values.forEach((value, seen) => {
    reach = Math.min(most, reach + value);
    const fewest = Math.max(1, size - (values.length - 1 - seen));
    for (let k = Math.min(size, seen + 1); k >= fewest; k--) {
      const [to, from] = [k * row, (k - 1) * row - value];
      for (let s = value; s <= reach; s++) ways[to + s]! += ways[from + s]!;
    }
  });
  return ways.slice(size * row);
}

function gcd(a: number, b: number): number {
  while (b > 0) [a, b] = [b, a % b];
  return a;
}
