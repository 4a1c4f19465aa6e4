import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { bootstrapCI, bootstrapMean } from "./bootstrap.ts";
import { mad, mean, median, quantile, sum } from "./describe.ts";
import { erfc } from "./erfc.ts";
import { type MannWhitneyOptions, mannWhitneyU } from "./mann_whitney.ts";
import { fromState, random } from "./random.ts";

const near = (actual: number, expected: number, relative = 1e-9) =>
  assertAlmostEquals(actual, expected, Math.abs(expected) * relative);

Deno.test("quantile, type 7", () => {
  const rows: readonly (readonly [number[], number, number])[] = [
    [[1, 2, 3, 4], 0.5, 2.5],
    [[4, 1, 3, 2], 0.25, 1.75],
    [[10, 9, 1], 0.5, 9],
    [[7], 0.99, 7],
    [[1, 2, 3], 0, 1],
    [[1, 2, 3], 1, 3],
    [[1, Infinity, Infinity], 0.75, Infinity],
    [[], 0.5, NaN],
    [[1, NaN], 0.5, NaN],
  ];
  for (const [values, q, expected] of rows) assertEquals(quantile(values, q), expected);
  for (const q of [-0.1, 1.1, NaN]) assertThrows(() => quantile([1], q), RangeError);
});

Deno.test("mean, sum, median and mad", () => {
  assertEquals(mean([]), NaN);
  assertEquals(mean([2, 4]), 3);
  assertEquals(sum([1e100, 1, -1e100]), 1);
  assertEquals(sum([0.1, 0.2, 0.3]), sum([0.3, 0.1, 0.2]));
  assertEquals(sum([Infinity, 1]), Infinity);
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(mad([1, 1, 2, 2, 4, 6, 9]), 1);
  assertEquals(mad([]), NaN);
  assertEquals(mad([Infinity, Infinity]), 0);
});

Deno.test("erfc equals the published values", () => {
  const rows: readonly (readonly [number, number])[] = [
    [0.5, 0.4795001221869535],
    [5, 1.5374597944280349e-12],
    [10, 2.088487583762545e-45],
    [26, 5.663192408856143e-296],
    [0, 1],
    [2, 0.004677734981047266],
  ];
  for (const [x, expected] of rows) near(erfc(x), expected, 1e-12);
  near(erfc(-0.5), 2 - 0.4795001221869535, 1e-14);
  assertEquals(erfc(100), 0);
  assertEquals(erfc(NaN), NaN);
});

Deno.test("the generator draws the published numbers", () => {
  const five = fromState([1, 2, 3, 4]);
  assertEquals(Array.from({ length: 5 }, () => five.uint32()), [11520, 0, 5927040, 70819200, 2031721883]);
  const keyed = random("42/E3/dns_latency/ttft_ms");
  assertEquals(Array.from({ length: 3 }, () => keyed.uint32()), [3568766884, 3357051742, 3865236510]);
  const counts = [0, 0, 0];
  for (let i = 0; i < 30_000; i++) counts[keyed.below(3)]!++;
  for (const count of counts) assert(Math.abs(count - 10_000) < 500, String(counts));
  for (let i = 0; i < 1000; i++) {
    const value = keyed.float();
    assert(value >= 0 && value < 1);
  }
  assertThrows(() => keyed.below(0), RangeError);
  assert(fromState([0, 0, 0, 0]).uint32() !== fromState([0, 1, 0, 0]).uint32());
});

const A = [.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46];
const B = [1.15, .88, .90, .74, 1.21];
const C = [94, 108, 110, 90];
const D = [80, 94, 85, 90, 90, 90, 108, 94, 78, 105, 88];
const E = [19, 22, 16, 29, 24];
const F = [20, 11, 17, 12];

Deno.test("mannWhitneyU equals R, SciPy and StatXact", () => {
  const rows: readonly (readonly [number[], number[], MannWhitneyOptions, number, number])[] = [
    [A, B, { alternative: "greater" }, 35, .1272061272061],
    [A, B, {}, 35, .2544122544123],
    [A, B, { method: "normal" }, 35, .244623605127],
    [A, B, { method: "normal", alternative: "greater" }, 35, .1223118025635],
    [A, B, { method: "normal", alternative: "less" }, 35, .900775348204],
    [A, B, { method: "normal", alternative: "greater", continuity: false }, 35, .1103356809599],
    [C, D, { alternative: "greater" }, 35, .0542124542125],
    [C, D, {}, 35, .0989010989011],
    [C, D, { twoSided: "double" }, 35, .1084249084249],
    [C, D, { method: "normal", continuity: false }, 35, .0853497017656],
    [E, F, {}, 17, .1111111111111],
    [E, F, { method: "normal" }, 17, .11134688653314],
    [E, F, { method: "normal", continuity: false }, 17, .0864107329737],
    [[1, 2, 3], [1.5, 2.5], { method: "normal" }, 3, 1],
    [[1, 2, 3], [1.5, 2.5], { method: "normal", alternative: "greater" }, 3, .6135850036578],
    [[1, 2], [1, 2], { method: "normal", alternative: "less" }, 2, .667497228949],
    [[-1, -1, -1, -1], [1, 1, 1, 1], {}, 0, .0285714285714],
    [[1, 2, 3], [4, 5, 6], {}, 0, .1],
    [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12], {}, 0, 2 / 924],
  ];
  for (const [x, y, options, u, p] of rows) {
    const got = mannWhitneyU(x, y, options);
    assertEquals(got.u, u);
    near(got.p, p, 1e-11);
  }
});

Deno.test("mannWhitneyU at the edges", () => {
  assertEquals(mannWhitneyU([], [1]), { u: NaN, p: NaN, z: NaN, method: "none" });
  assertEquals(mannWhitneyU([1, NaN], [1]).method, "none");
  assertEquals(mannWhitneyU([5, 5], [5]), { u: 1, p: 1, z: 0, method: "degenerate" });
  assertEquals(mannWhitneyU([0], [-0]).method, "degenerate");
  assertEquals(mannWhitneyU([Infinity, 2], [1, -Infinity]).u, 4);
  const many = Array.from({ length: 400 }, (_, i) => i);
  const far = mannWhitneyU(many.map((v) => v + 1000), many, { alternative: "greater" });
  assert(far.method === "normal" && far.p > 0 && far.p < 1e-100);
});

Deno.test("mannWhitneyU: swapping the arms swaps the tails; 50 against 50 is exact and sane", () => {
  const stream = random("swap");
  for (let round = 0; round < 50; round++) {
    const x = Array.from({ length: 1 + stream.below(8) }, () => stream.below(6));
    const y = Array.from({ length: 1 + stream.below(8) }, () => stream.below(6));
    const [one, two] = [mannWhitneyU(x, y, { alternative: "less" }), mannWhitneyU(y, x, { alternative: "greater" })];
    assertEquals(one.u + two.u, x.length * y.length);
    near(one.p, two.p, 1e-12);
  }
  const x = Array.from({ length: 50 }, () => stream.float());
  const y = Array.from({ length: 50 }, () => stream.float());
  const exact = mannWhitneyU(x, y);
  assertEquals(exact.method, "exact");
  assertAlmostEquals(exact.p, mannWhitneyU(x, y, { method: "normal" }).p, 0.005);
});

Deno.test("bootstrapMean: the published percentile interval, whatever the order of the rows", () => {
  const data = [10, 12, 12.5, 12.5, 13.9, 15, 21, 22, 23, 34, 50, 81, 89, 121, 134, 213];
  const got = bootstrapMean(data, { seed: 42, replicates: 200_000 });
  near(got.low, 28.86, .01);
  near(got.high, 84.21, .01);
  near(got.estimate, mean(data));
  const small = bootstrapMean(data, { seed: 1, replicates: 200 });
  assertEquals(bootstrapMean(data.toReversed(), { seed: 1, replicates: 200 }), small);
  assertEquals(bootstrapCI([3], median, { seed: 1, replicates: 10 }), {
    low: 3,
    high: 3,
    estimate: 3,
    method: "percentile",
  });
  assertEquals(bootstrapMean([], { seed: 1 }).estimate, NaN);
  assertThrows(() => bootstrapMean(data, { seed: 1, level: 95 }), RangeError);
});
