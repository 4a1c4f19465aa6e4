import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { normal, random } from "./random.ts";
import { theilSen } from "./theil_sen.ts";

Deno.test("theilSen: a trend that wild points do not bend", () => {
  const x = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
  const straight = theilSen(x, x.map((v) => 3 - 0.5 * v));
  assertEquals([straight.slope, straight.intercept, straight.low, straight.high], [-0.5, 3, -0.5, -0.5]);
  const bent = theilSen(x, [10, 12, 14, 16, 900, 20, 22, -500, 26, 28]);
  assertEquals([bent.slope, bent.estimate, bent.method], [2, 2, "theil_sen"]);
  // 10 points: 45 slopes, C = 21.9..., ranks 11 and 35.
  const noisy = theilSen(x, [1, 3, 2, 5, 4, 7, 6, 9, 8, 10]);
  const slopes = x.flatMap((a, i) =>
    x.slice(0, i).map((b) => ([1, 3, 2, 5, 4, 7, 6, 9, 8, 10][i]! - [1, 3, 2, 5, 4, 7, 6, 9, 8, 10][b]!) / (a - b))
  )
    .sort((a, b) => a - b);
  assertEquals([noisy.low, noisy.high, noisy.slope], [slopes[10], slopes[34], slopes[22]]);
});

Deno.test("theilSen at the edges", () => {
  const none = { slope: NaN, intercept: NaN, low: NaN, high: NaN, estimate: NaN, method: "theil_sen" } as const;
  for (const [x, y] of [[[], []], [[1], [2]], [[1, 1], [2, 3]], [[1, 2], [2, NaN]], [[1, Infinity], [2, 3]]] as const) {
    assertEquals(theilSen(x, y), none, JSON.stringify([x, y]));
  }
  const two = theilSen([1, 3], [2, 3]);
  assertEquals([two.slope, two.low, two.high], [0.5, -Infinity, Infinity]);
  // Equal x make no slope: two groups of three.
  const groups = theilSen([0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 5, 6]);
  assertEquals(groups.slope, 3);
  // deno-lint-ignore no-sparse-arrays -- a value that was never there
  const hole = theilSen([0, 1, 2], [1, , 3] as number[]);
  assertEquals([hole.slope, hole.low, hole.high], [NaN, NaN, NaN]);
  assertThrows(() => theilSen([1, 2], [1]), RangeError, "2 x and 1 y");
  assertThrows(() => theilSen(new Float64Array(5000), new Float64Array(5000)), RangeError, "5000 points");
});

Deno.test("theilSen covers the true slope about as often as it says, in any order of the points", () => {
  const stream = random("trend");
  let covered = 0;
  for (let round = 0; round < 400; round++) {
    const x = Float64Array.from({ length: 20 }, (_, i) => i);
    const y = x.map((v) => 0.3 * v + normal(stream));
    const { slope, low, high } = theilSen(x, y);
    if (low <= 0.3 && 0.3 <= high) covered++;
    if (round === 0) assertNear(theilSen(x.toReversed(), y.toReversed()).slope, slope, 1e-14);
  }
  assert(covered >= 370 && covered <= 396, `${covered} of 400`);
});
