import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { ascending, mad, median, quantile, quantileOfSorted, sorted } from "./describe.ts";
import type { QuantileRule } from "./quantile_rule.ts";

const TEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

Deno.test("quantile, type 7", () => {
  const rows: readonly (readonly [number[], number, number])[] = [
    [[1, 2, 3, 4], 0.5, 2.5],
    [[4, 1, 3, 2], 0.25, 1.75],
    [[10, 9, 1], 0.5, 9],
    [[7], 0.99, 7],
    [[1, 2, 3], 0, 1],
    [[1, 2, 3], 1, 3],
    [TEN, 0.5, 5.5],
    [TEN, 0.95, 9.55],
    [TEN, 0.99, 9.91],
    [[1, Infinity, Infinity], 0.75, Infinity],
    [[-Infinity, 1], 0.5, -Infinity],
    [[-Infinity, Infinity], 0.5, NaN],
    [[-Number.MAX_VALUE, Number.MAX_VALUE], 0.75, Number.MAX_VALUE / 2],
    [[1, 2, Infinity], 0.5, 2],
    // 0.07 times 100 is 7.000000000000001, and yet the eighth of 101 values is meant.
    [[...Array(8).fill(1), ...Array(93).fill(Infinity)], 0.07, 1],
    [[], 0.5, NaN],
    [[1, NaN], 0.5, NaN],
    [[NaN], 0, NaN],
    [[1, null as unknown as number, 3], 0.5, NaN],
  ];
  for (const [values, q, expected] of rows) {
    assertNear(quantile(values, q), expected, 1e-15, `${values} at ${q}`);
    assertEquals(quantile(values.values(), q), quantile(values, q));
  }
  for (const q of [-0.1, 1.1, NaN]) assertThrows(() => quantile([1], q), RangeError, "quantile");
});

Deno.test("quantile, the nine rules of Hyndman and Fan", () => {
  const rows: readonly (readonly [QuantileRule, number, number, number, number])[] = [
    // Of 1 to 10 at 0.1, 0.5, 0.95, and of 1 to 3 at 0.5.
    ["nearest_rank", 1, 5, 10, 2],
    ["averaged_inverted_cdf", 1.5, 5.5, 10, 2],
    ["closest_observation", 1, 5, 10, 2],
    ["interpolated_inverted_cdf", 1, 5, 9.5, 1.5],
    ["hazen", 1.5, 5.5, 10, 2],
    ["weibull", 1.1, 5.5, 10, 2],
    ["linear", 1.9, 5.5, 9.55, 2],
    ["median_unbiased", 1 + 0.1 * 11 / 3, 5.5, 10, 2],
    ["normal_unbiased", 1.4, 5.5, 10, 2],
  ];
  for (const [rule, tenth, middle, high, three] of rows) {
    const got = [0.1, 0.5, 0.95].map((q) => quantile(TEN, q, { rule }));
    for (const [i, expected] of [tenth, middle, high].entries()) {
      assert(Math.abs(got[i]! - expected) < 1e-12, `${rule}: ${got}`);
    }
    assertEquals(quantile([1, 2, 3], 0.5, { rule }), three, rule);
    assertEquals([quantile([7], 0, { rule }), quantile([7], 1, { rule })], [7, 7]);
    assertEquals([quantile(TEN, 0, { rule }), quantile(TEN, 1, { rule })], [1, 10]);
  }
  // Of two ranks as near, the even one; 7.000000000000001 is the seventh.
  const hundred = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  assertEquals([0.025, 0.035].map((q) => quantileOfSorted(hundred, q, "closest_observation")), [2, 4]);
  assertEquals(quantileOfSorted(hundred, 0.07, "nearest_rank"), 7);
  assertThrows(() => quantile(TEN, 0.5, { rule: "type7" as QuantileRule }), RangeError, "rule type7");
});

Deno.test("sorted copies; ascending copies only what is not in order; neither changes what it is given", () => {
  const given = Float64Array.from([3, 1, 2]);
  assertEquals([...sorted(given)], [1, 2, 3]);
  assertEquals([...given], [3, 1, 2]);
  const rows: readonly (readonly [number[], boolean])[] = [
    [[], true],
    [[1], true],
    [[1, 1, 2, Infinity], true],
    [[-0, 0], true],
    [[0, -0], false],
    [[2, 1], false],
    [[NaN], false],
    [[1, NaN], false],
    [[NaN, 1], false],
  ];
  for (const [values, same] of rows) {
    const list = Float64Array.from(values);
    assertEquals(ascending(list) === list, same, String(values));
  }
  assertEquals([...ascending([10, 9, 1])], [1, 9, 10]);
});

Deno.test("median and mad", () => {
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(mad([1, 1, 2, 2, 4, 6, 9]), 1);
  assertEquals(mad([Infinity, Infinity]), 0);
  assertEquals([median([]), mad([]), mad([1, NaN])], [NaN, NaN, NaN]);
});
