import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { Series } from "./series.ts";

function of(values: Iterable<number>): Series {
  const series = new Series();
  for (const value of values) series.add(value);
  return series;
}

Deno.test("quantiles are nearest rank, weights count as that many", () => {
  const twenty = Array.from({ length: 20 }, (_, i) => 20 - i);
  const rows: [Series, number, number][] = [
    [of([]), 0.5, 0],
    [of([7]), 0.5, 7],
    [of([7]), 0.95, 7],
    [of([1, 2]), 0.5, 1],
    [of(twenty), 0.5, 10],
    [of(twenty), 0.95, 19],
    [of(twenty), 1, 20],
  ];
  for (const [series, q, expected] of rows) assertEquals(series.quantile(q), expected);
  const weighted = new Series();
  weighted.add(0.1, 99);
  weighted.add(30);
  weighted.add(5, 0);
  assertEquals([weighted.quantile(0.95), weighted.quantile(1), weighted.count], [0.1, 30, 100]);
});

Deno.test("past the exact limit quantiles stay within 1 %, count, sum and largest exact", () => {
  const n = 100_000;
  const series = of(Array.from({ length: n }, (_, i) => ((i * 7919) % n + 1) / 100));
  for (const q of [0.01, 0.5, 0.95, 0.99]) {
    const exact = q * n / 100;
    assert(Math.abs(series.quantile(q) / exact - 1) <= 0.0101, `q${q}: ${series.quantile(q)} for ${exact}`);
  }
  assertEquals([series.count, series.max], [n, 1000]);
  assertAlmostEquals(series.sum, n * (n + 1) / 200, 1e-3);
});

Deno.test("merging is like having added it all", () => {
  const small = of([1, 2, 3]);
  small.merge(of([4, 5]));
  assertEquals([small.quantile(0.5), small.count, small.sum, small.max], [3, 5, 15, 5]);
  const large = of(Array.from({ length: 2000 }, () => 10));
  large.merge(of([0.5, 80]));
  assertEquals([large.count, large.sum, large.max], [2002, 20080.5, 80]);
  assert(Math.abs(large.quantile(0.5) / 10 - 1) <= 0.0101);
});
