import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { nearest } from "./decimal.ts";
import { type MannWhitneyOptions, mannWhitneyU } from "./mann_whitney.ts";
import { random } from "./random.ts";

// x and y of the vectors: R's wilcox.test and SAS (A, B), the StatXact manual through exactRankTests (C, D), SciPy (E, F).
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
    [[1, 2, 3], [1.5, 2.5], {}, 3, 1],
    [[1, 2, 3], [1.5, 2.5], { method: "normal", alternative: "greater" }, 3, .6135850036578],
    [[1, 2, 3], [1.5, 2.5], { method: "normal", alternative: "less" }, 3, .6135850036578],
    [[1, 2], [1, 2], { method: "normal", alternative: "less" }, 2, .667497228949],
    [[1, 2], [1, 2], {}, 2, 1],
    [[-1, -1, -1, -1], [1, 1, 1, 1], {}, 0, .0285714285714],
    [[1, 2, 3], [4, 5, 6], {}, 0, .1],
    [[1, 2, 3, 4], [5, 6, 7, 8], {}, 0, 2 / 70],
    [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], {}, 0, 2 / 252],
    [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12], {}, 0, 2 / 924],
  ];
  for (const [x, y, options, u, p] of rows) {
    const got = mannWhitneyU(x, y, options);
    assertEquals(got.u, u);
    assertNear(got.p, p, 1e-11, JSON.stringify([x, y, options]));
  }
});

Deno.test("mannWhitneyU: z is the score whose tail the normal p is, with the sign of the shift", () => {
  const sigma = Math.sqrt(50 / 12 * 16);
  const rows: readonly (readonly [MannWhitneyOptions, number])[] = [
    [{}, 9.5 / sigma],
    [{ alternative: "greater" }, 9.5 / sigma],
    [{ alternative: "less" }, 10.5 / sigma],
    [{ continuity: false }, 10 / sigma],
  ];
  for (const [options, z] of rows) assertNear(mannWhitneyU(A, B, options).z, z, 1e-14);
  assertNear(mannWhitneyU(B, A).z, -9.5 / sigma, 1e-14);
  assertEquals(mannWhitneyU([1, 2, 3], [1.5, 2.5]).z, 0);
});

Deno.test("mannWhitneyU at the edges", () => {
  const none = { u: NaN, p: NaN, z: NaN, method: "none" } as const;
  assertEquals(mannWhitneyU([], [1]), none);
  assertEquals(mannWhitneyU([1], []), none);
  assertEquals(mannWhitneyU([1, NaN], [1]), none);
  assertEquals(mannWhitneyU([1], [null as unknown as number]), none);
  assertEquals(mannWhitneyU([5], [4]), { u: 1, p: 1, z: 0, method: "exact" });
  assertEquals(mannWhitneyU([5, 5], [5]), { u: 1, p: 1, z: 0, method: "degenerate" });
  assertEquals(mannWhitneyU([0], [-0]).method, "degenerate");
  assertEquals(mannWhitneyU([Infinity, 2], [1, -Infinity]).u, 4);
  assertEquals(mannWhitneyU([Infinity, Infinity], [Infinity]).method, "degenerate");
  assertEquals(mannWhitneyU(Float32Array.of(1, 2), new Set([0])).u, 2);
  const y = Float64Array.of(3, 1, 2);
  mannWhitneyU([1], y);
  assertEquals([...y], [3, 1, 2]);
  for (const bad of [{ alternative: "more" }, { method: "asymptotic" }, { twoSided: "both" }]) {
    assertThrows(() => mannWhitneyU(A, B, bad as MannWhitneyOptions), RangeError, "none of");
  }
});

Deno.test("mannWhitneyU: exact where it is cheap, normal beyond, and both where they meet", () => {
  const stream = random("meet");
  const values = (n: number, ties: boolean) => Array.from({ length: n }, () => ties ? stream.below(9) : stream.float());
  const rows: readonly (readonly [number, number, boolean, string])[] = [
    [50, 50, false, "exact"],
    [51, 50, false, "normal"],
    [30, 30, true, "exact"],
    [31, 30, true, "normal"],
  ];
  for (const [m, n, ties, method] of rows) {
    const [x, y] = [values(m, ties), values(n, ties)];
    const got = mannWhitneyU(x, y);
    assertEquals(got.method, method, `${m} ${n} ${ties}`);
    const other = mannWhitneyU(x, y, { method: method === "exact" ? "normal" : "exact" });
    assertAlmostEquals(got.p, other.p, 0.005);
  }
  assertEquals(mannWhitneyU(values(130, false), values(130, false), { method: "exact" }).method, "exact");
  assertThrows(() => mannWhitneyU(values(400, false), values(400, false), { method: "exact" }), RangeError, "too many");
});

Deno.test("mannWhitneyU: far tails keep their digits", () => {
  const many = Array.from({ length: 400 }, (_, i) => i);
  const far = mannWhitneyU(many.map((v) => v + 1000), many, { alternative: "greater" });
  assert(far.method === "normal" && far.p > 0 && far.p < 1e-100, String(far.p));
  assertNear(
    mannWhitneyU(many.slice(0, 50).map((v) => v + 1000), many.slice(0, 50)).p,
    2 / 1.0089134454556415e29,
    1e-12,
  );
  // All but one tied: the tie correction leaves 3 of two million.
  const x = new Float64Array(1e6);
  const y = new Float64Array(1e6);
  y[0] = 1;
  assertNear(mannWhitneyU(x, y, { continuity: false, alternative: "less" }).p, 0.15865525393, 1e-6);
});

/** Every way to say which of the values are those of x. */
function* choices(n: number, m: number, from = 0): Generator<number[]> {
  if (m === 0) {
    yield [];
    return;
  }
  for (let i = from; i <= n - m; i++) {
    for (const rest of choices(n, m - 1, i + 1)) yield [i, ...rest];
  }
}

const pairs = (x: readonly number[], y: readonly number[]) =>
  x.flatMap((a) => y.map((b) => a > b ? 1 : a === b ? 0.5 : 0)).reduce<number>((sum, one) => sum + one, 0);

Deno.test("mannWhitneyU exact equals counting every arrangement, ties or not; its probabilities sum to 1", () => {
  const stream = random("arrangements");
  for (let round = 0; round < 60; round++) {
    const ties = round % 3 > 0;
    const draw = (n: number) => Array.from({ length: n }, () => ties ? stream.below(4) : stream.float());
    const [x, y] = [draw(1 + stream.below(4)), draw(1 + stream.below(5))];
    const pool = [...x, ...y];
    if (new Set(pool).size === 1) continue;
    const us = [...choices(pool.length, x.length)].map((of) =>
      pairs(of.map((i) => pool[i]!), pool.filter((_, i) => !of.includes(i)))
    );
    const seen = pairs(x, y);
    const middle = x.length * y.length / 2;
    const share = (keep: (u: number) => boolean) => us.filter(keep).length / us.length;
    const [greater, less] = [share((u) => u >= seen), share((u) => u <= seen)];
    const expected: readonly (readonly [MannWhitneyOptions, number])[] = [
      [{ alternative: "greater" }, greater],
      [{ alternative: "less" }, less],
      [{}, share((u) => Math.abs(u - middle) >= Math.abs(seen - middle))],
      [{ twoSided: "double" }, Math.min(1, 2 * Math.min(greater, less))],
    ];
    for (const [options, p] of expected) {
      const got = mannWhitneyU(x, y, { ...options, method: "exact" });
      assertEquals(got.u, seen);
      assertNear(got.p, p, 1e-14, JSON.stringify([x, y, options]));
    }
    assertNear(greater + less - share((u) => u === seen), 1, 1e-14);
  }
});

Deno.test("mannWhitneyU: U + U' = mn, swapping swaps the tails, order and monotone transforms move nothing", () => {
  const stream = random("swap");
  for (let round = 0; round < 200; round++) {
    const size = round % 2 === 0 ? 8 : 90;
    const draw = () => Array.from({ length: 1 + stream.below(size) }, () => stream.below(round % 4 < 2 ? 6 : 2 ** 32));
    const [x, y] = [draw(), draw()];
    const [one, two] = [mannWhitneyU(x, y, { alternative: "less" }), mannWhitneyU(y, x, { alternative: "greater" })];
    assertEquals(one.u + two.u, x.length * y.length);
    assertNear(one.p, two.p, 1e-12);
    assertNear(mannWhitneyU(x, y).p, mannWhitneyU(y, x).p, 1e-13);
    assertEquals(mannWhitneyU(x.toReversed(), y.toReversed()), mannWhitneyU(x, y));
    const bend = (v: number) => Math.log1p(v) * 3 - 7;
    assertEquals(mannWhitneyU(x.map(bend), y.map(bend)), mannWhitneyU(x, y));
  }
});

Deno.test("z of large samples keeps its digits: its variance summed up in integers", () => {
  const n = 1_000_000;
  const [x, y] = [7, 11].map((each) => Float64Array.from({ length: n }, (_, i) => Math.floor(i / each)));
  let spread = 0n;
  for (let value = 0; value <= n / 7; value++) {
    const of = (each: number) => Math.max(0, Math.min(each, n - value * each));
    const t = BigInt(of(7) + of(11));
    spread += t * (BigInt(2 * n) - t) * (BigInt(2 * n) + t);
  }
  const variance = nearest(BigInt(n) * BigInt(n) * spread, 12n * BigInt(2 * n) * BigInt(2 * n - 1));
  const { u, z } = mannWhitneyU(x!, y!, { continuity: false });
  assertNear(z, (u - n * n / 2) / Math.sqrt(variance), 1e-15);
});
