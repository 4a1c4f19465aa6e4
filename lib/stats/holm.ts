/**
 * Holm's (1979) adjustment of several p values, in their order: rejecting those at most alpha keeps the chance of any false alarm
 * among all tests at alpha.
 *
 * ```ts
 * import { holm } from "@llm-slo/sloctl";
 *
 * if (holm([0.01, 0.04, 0.03, 0.005]).join() !== "0.03,0.06,0.06,0.02") throw new Error("two of four stay below 0.05");
 * ```
 *
 * @returns NaN where there was NaN; such a test still counts among all, so that a test that gave nothing makes no other one easier
 * @throws RangeError for a p outside 0 to 1
 */
export function holm(ps: ArrayLike<number>): number[] {
  const list = Array.from(ps);
  const outside = list.find((p) => p < 0 || p > 1);
  if (outside !== undefined) throw new RangeError(`Cannot adjust "p ${outside}": it lies outside 0 to 1`);
  const adjusted = list.map(() => NaN);
  let largest = 0;
  const order = list.keys().filter((i) => !Number.isNaN(list[i])).toArray().sort((i, j) => list[i]! - list[j]!);
  order.forEach((i, rank) => {
    largest = Math.max(largest, Math.min(1, (list.length - rank) * list[i]!));
    adjusted[i] = largest;
  });
  return adjusted;
}
