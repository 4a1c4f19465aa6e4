import { assertEquals, assertThrows } from "@std/assert";
import { type Bucket, histogramQuantile } from "./histogram_quantile.ts";

const buckets = (...rows: readonly (readonly [number, number])[]): Bucket[] =>
  rows.map(([le, count]) => ({ le, count }));
const H = buckets([.1, 50], [.25, 80], [.5, 99], [Infinity, 100]);

Deno.test("histogramQuantile", () => {
  const rows: readonly (readonly [Bucket[], number, number])[] = [
    [H, .99, .5],
    [H, .5, .1],
    [H, .25, .05],
    [H, .65, .175],
    [H, .995, .5],
    [H, 1, .5],
    [H, 0, 0],
    [buckets([1, 0], [2, 10], [Infinity, 10]), 0.5, 1.5],
    // A negative first bound has no lower one; a count that falls is level.
    [buckets([-1, 5], [1, 10], [Infinity, 10]), 0.25, -1],
    [buckets([1, 50], [2, 49], [Infinity, 100]), 0.5, 1],
    [buckets([1, 0], [Infinity, 0]), 0.5, NaN],
    [buckets([1, NaN], [Infinity, NaN]), 0.5, NaN],
    [buckets([Infinity, 5]), 0.5, NaN],
    [[], 0.5, NaN],
  ];
  for (const [given, q, expected] of rows) assertEquals(histogramQuantile(given, q), expected, `${q}`);
});

Deno.test("histogramQuantile refuses what is no histogram", () => {
  for (
    const bad of [
      buckets([1, 1]),
      buckets([2, 1], [1, 2], [Infinity, 3]),
      buckets([NaN, 1], [Infinity, 1]),
      buckets(
        [1, 1],
        [1, 2],
        [Infinity, 2],
      ),
    ]
  ) {
    assertThrows(() => histogramQuantile(bad, 0.5), RangeError, "Cannot read");
  }
  for (const q of [-1, 1.5, NaN]) assertThrows(() => histogramQuantile(H, q), RangeError, "quantile");
});
