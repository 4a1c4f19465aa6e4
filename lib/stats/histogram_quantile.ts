/** The quantile of a histogram with cumulative buckets: an interpolation, exact at the bounds alone. */
import { checkQuantile, settled } from "./quantile_rule.ts";

export interface Bucket {
  /** Upper bound, inclusive; Infinity for the last. */
  readonly le: number;
  /** Events up to the bound, those of lower buckets included. */
  readonly count: number;
}

/**
 * As Prometheus has it: in the first bucket that reaches the rank q times count, linear from its lower bound (0 for the first); in
 * the last the largest finite bound, a lower bound of the quantile at best. Counts that fall, as of buckets scraped one after the
 * other, are taken as level.
 *
 * @param buckets In the order of their bounds
 * @returns NaN without events, and without a finite bound
 * @throws RangeError for q outside [0, 1], bounds out of order, and where the last one is not Infinity
 */
export function histogramQuantile(buckets: readonly Bucket[], q: number): number {
  checkQuantile(q);
  buckets.forEach(({ le }, i) => {
    const inOrder = i === 0 ? !Number.isNaN(le) : buckets[i - 1]!.le < le;
    if (!inOrder || (i === buckets.length - 1 && le !== Infinity)) {
      throw new RangeError(`Cannot read "bucket ${le}": bounds rise, and the last one is Infinity`);
    }
  });
  let most = 0;
  const cumulative = buckets.map(({ count }) => most = count < most ? most : count);
  if (!(most > 0)) return NaN;
  const rank = settled(q * most);
  const at = cumulative.findIndex((count) => count >= rank);
  const bucket = buckets[at];
  if (bucket === undefined || (bucket.le === Infinity && at === 0)) return NaN;
  if (bucket.le === Infinity) return buckets[at - 1]!.le;
  if (at === 0 && bucket.le <= 0) return bucket.le;
  const [below, from] = at === 0 ? [0, 0] : [cumulative[at - 1]!, buckets[at - 1]!.le];
  const inside = cumulative[at]! - below;
  return inside === 0 ? bucket.le : from + (bucket.le - from) * ((rank - below) / inside);
}
