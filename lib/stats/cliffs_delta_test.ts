import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { studentQuantile } from "./beta.ts";
import { cliffsDelta, effectLabel } from "./cliffs_delta.ts";
import { mannWhitneyU } from "./mann_whitney.ts";
import { random } from "./random.ts";

Deno.test("cliffsDelta equals effsize", () => {
  const got = cliffsDelta([10, 10, 20, 20, 20, 30, 30, 30, 40, 50], [10, 20, 30, 40, 40, 50]);
  assertEquals([got.delta, got.label, got.estimate, got.method], [-0.25, "small", -0.25, "cliff"]);
  assertNear(got.low, -.7265845889, 1e-9);
  assertNear(got.high, .3890061902, 1e-9);
  const published = cliffsDelta(
    [.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46],
    [1.15, .88, .90, .74, 1.21],
  );
  assertEquals([published.delta, published.label], [0.4, "medium"]);
});

Deno.test("the labels, and where they begin", () => {
  const rows = [
    [0, "negligible"],
    [.146, "negligible"],
    [.147, "small"],
    [-.32, "small"],
    [.33, "medium"],
    [
      -.474,
      "large",
    ],
    [1, "large"],
    [NaN, null],
  ] as const;
  for (const [delta, label] of rows) assertEquals(effectLabel(delta), label);
});

Deno.test("cliffsDelta at the edges", () => {
  assertEquals(cliffsDelta([], [1]), { delta: NaN, label: null, low: NaN, high: NaN, estimate: NaN, method: "none" });
  assertEquals(cliffsDelta([NaN], [1]).method, "none");
  const single = cliffsDelta([2], [1, 1]);
  assertEquals([single.delta, single.low, single.high, single.method], [1, -1, 1, "none"]);
  const apart = cliffsDelta([1, 2, 3], [4, 5, 6]);
  assertEquals([apart.delta, apart.low, apart.method], [-1, -1, "wilson"]);
  assert(apart.high > 0 && apart.high < 0.5, String(apart.high));
  const same = cliffsDelta([1, 1, 1], [1, 1, 1]);
  assertEquals([same.delta, same.label], [0, "negligible"]);
  assert(same.low < -0.5 && same.high > 0.5, "one value seen six times says little");
  assertEquals(cliffsDelta([Infinity, 1], [0, -Infinity]).delta, 1);
  assertThrows(() => cliffsDelta([1], [2], { level: 95 }), RangeError, "level 95");
});

Deno.test("cliffsDelta: 2U/mn - 1, its formula term by term, and swapping negates it", () => {
  const stream = random("delta");
  for (let round = 0; round < 100; round++) {
    const draw = () =>
      Float64Array.from({ length: 2 + stream.below(9) }, () => stream.below(round % 2 === 0 ? 5 : 1000));
    const [x, y] = [draw(), draw()];
    const got = cliffsDelta(x, y);
    assertNear(got.delta, 2 * mannWhitneyU(x, y).u / (x.length * y.length) - 1 + 0, 1e-13);
    const back = cliffsDelta(y, x);
    assertNear(back.delta + 0, -got.delta + 0, 1e-14);
    assertNear(back.low, -got.high, 1e-9);
    assert(got.low <= got.delta && got.delta <= got.high && got.low >= -1 && got.high <= 1, JSON.stringify(got));
    if (got.method !== "cliff") continue;
    const sign = (a: number, b: number) => Math.sign(a - b);
    const [m, n] = [x.length, y.length];
    const square = (v: number) => v * v;
    const total = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0);
    const ofX = x.map((a) => square(total(y.map((b) => sign(a, b))) / n - got.delta));
    const ofY = y.map((b) => square(total(x.map((a) => sign(a, b))) / m - got.delta));
    const ofBoth = x.map((a) => total(y.map((b) => square(sign(a, b) - got.delta))));
    const variance = (n * n * total(ofX) + m * m * total(ofY) - total(ofBoth)) / (m * n * (m - 1) * (n - 1));
    if (variance < 1e-9) continue;
    const [d, t2S2] = [got.delta, studentQuantile(0.975, m + n - 2) ** 2 * variance];
    const wide = Math.sqrt(t2S2 * ((1 - d * d) ** 2 + t2S2));
    assertNear(got.low, (d - d ** 3 - wide) / (1 - d * d + t2S2), 1e-9);
    assertNear(got.high, (d - d ** 3 + wide) / (1 - d * d + t2S2), 1e-9);
  }
});
