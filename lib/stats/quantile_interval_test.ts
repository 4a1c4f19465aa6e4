import { assertEquals, assertThrows } from "@std/assert";
import { quantileInterval, quantileRanks, samplesToBound } from "./quantile_interval.ts";

const upTo = (n: number) => Float64Array.from({ length: n }, (_, i) => i + 1);

Deno.test("order statistics of a p95 at 95 %", () => {
  const rows: readonly (readonly [number, number | null, number | null])[] = [
    [0, null, null],
    [1, null, null],
    [58, 51, null],
    [59, 52, null],
    [71, 63, null],
    [72, 64, 72],
    [100, 90, 100],
    [299, 276, 292],
    [100_000, 94_864, 95_136],
  ];
  for (const [n, low, high] of rows) {
    assertEquals(quantileRanks(n, 0.95), [low, high], String(n));
    const got = quantileInterval(upTo(n), 0.95);
    if (n > 0) assertEquals([got.low, got.high], [low ?? -Infinity, high ?? Infinity]);
  }
  // One-sided at 95 % is two-sided at 90 %.
  assertEquals(quantileRanks(58, 0.95, { level: 0.9 })[1], null);
  assertEquals(quantileRanks(59, 0.95, { level: 0.9 })[1], 59);
  assertEquals([quantileRanks(10, 0), quantileRanks(10, 1)], [[null, 1], [10, null]]);
});

Deno.test("quantileInterval at the edges", () => {
  const nothing = { low: NaN, high: NaN, estimate: NaN, method: "order_stats", ranks: [null, null] } as const;
  assertEquals(quantileInterval([], 0.5), nothing);
  assertEquals(quantileInterval([NaN], 0.5), nothing);
  assertEquals(quantileInterval([3], 0.5), { ...nothing, low: -Infinity, high: Infinity, estimate: 3 });
  const six = quantileInterval([6, 5, 4, 3, 2, 1], 0.5);
  assertEquals([six.low, six.high, six.estimate, six.ranks], [1, 6, 3.5, [1, 6]]);
  const late = quantileInterval([...upTo(71), Infinity], 0.95);
  assertEquals([late.low, late.high], [64, Infinity]);
  for (const q of [-1, 2, NaN]) assertThrows(() => quantileInterval([1], q), RangeError, "quantile");
  for (const level of [0, 1, 95, NaN]) assertThrows(() => quantileInterval([1], 0.5, { level }), RangeError, "level");
});

Deno.test("values needed for an upper bound, one-sided and two-sided", () => {
  const rows = [[0.95, 59, 72], [0.99, 299, 368], [0.999, 2995, 3688], [0.5, 5, 6]] as const;
  for (const [q, one, two] of rows) assertEquals([samplesToBound(q), samplesToBound(q, 0.975)], [one, two]);
  assertEquals(samplesToBound(0.5, 0.875), 3);
  assertEquals(samplesToBound(0.5, 0.01), 1);
  for (const q of [0, 1, NaN]) assertThrows(() => samplesToBound(q), RangeError);
});
