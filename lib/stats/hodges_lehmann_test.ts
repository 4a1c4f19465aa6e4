import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { median } from "./describe.ts";
import { hodgesLehmann, type HodgesLehmannOptions } from "./hodges_lehmann.ts";
import { mannWhitneyU } from "./mann_whitney.ts";
import { random } from "./random.ts";

const A = [.80, .83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, .73, 1.46];
const B = [1.15, .88, .90, .74, 1.21];
const C = [94, 108, 110, 90];
const D = [80, 94, 85, 90, 90, 90, 108, 94, 78, 105, 88];

Deno.test("hodgesLehmann equals R, StatXact and Kayenta", () => {
  const rows: readonly (readonly [number[], number[], HodgesLehmannOptions, number, number, number])[] = [
    [A, B, {}, .305, -.15, .76],
    [A, B, { method: "normal" }, .305, -.17, .76],
    [C, D, {}, 9.5, -4, 22],
    [[10, 20, 30, 40], [1, 2, 3, 4], {}, 22.5, 6, 39],
  ];
  for (const [x, y, options, estimate, low, high] of rows) {
    const got = hodgesLehmann(x, y, options);
    assertNear(got.estimate, estimate, 1e-12);
    assertNear(got.low, low, 1e-12);
    assertNear(got.high, high, 1e-12);
    assertEquals(got.method, options.method ?? "exact");
  }
  // q = 9 of 50 differences: 1 - 2 P(U <= 8).
  assertNear(hodgesLehmann(A, B).coverage, 1 - 2 * 60 / 3003, 1e-12);
});

Deno.test("hodgesLehmann at the edges", () => {
  const none = { low: NaN, high: NaN, estimate: NaN, method: "none", coverage: NaN } as const;
  assertEquals(hodgesLehmann([], [1]), none);
  assertEquals(hodgesLehmann([1, NaN], [1]), none);
  assertEquals(hodgesLehmann([1, Infinity], [Infinity]), none);
  const all = { low: -Infinity, high: Infinity, coverage: 1 } as const;
  assertEquals(hodgesLehmann([5, 5], [5]), { ...all, estimate: 0, method: "degenerate" });
  // A tie between three values: no arrangement is rare enough for a limit.
  assertEquals(hodgesLehmann([5], [5, 6]), { ...all, estimate: -0.5, method: "exact" });
  // Three against three reach .9 at most, and their range says so.
  const three = hodgesLehmann([1, 2, 3], [5, 6, 7]);
  assertEquals([three.low, three.high], [-6, -2]);
  assertNear(three.coverage, 0.9, 1e-15);
  assertEquals(hodgesLehmann([1, 2], [0, 0.5], { method: "normal" }).low, -Infinity);
  assertEquals(hodgesLehmann([Infinity, 3], [1]).high, Infinity);
  assertThrows(() => hodgesLehmann(A, B, { method: "moses" as "normal" }), RangeError, "method moses");
  assertThrows(() => hodgesLehmann(A, B, { level: 0 }), RangeError, "level 0");
});

Deno.test("hodgesLehmann: the median of all differences, negated by swapping, shifted by a shift", () => {
  const stream = random("differences");
  for (let round = 0; round < 120; round++) {
    const [size, range] = round % 4 === 3 ? [70, 2 ** 20] : [7, round % 2 === 0 ? 6 : 2 ** 20];
    const draw = () => Array.from({ length: 1 + stream.below(size) }, () => stream.below(range));
    const [x, y] = [draw(), draw()];
    const got = hodgesLehmann(x, y);
    assertEquals(got.estimate, median(x.flatMap((a) => y.map((b) => a - b))));
    const back = hodgesLehmann(y, x);
    assertEquals([back.estimate + 0, back.low + 0, back.high + 0], [-got.estimate + 0, -got.high + 0, -got.low + 0]);
    assertNear(back.coverage, got.coverage, 1e-12);
    assertEquals(hodgesLehmann(x.toReversed(), y.toReversed()), got);
    const moved = hodgesLehmann(x.map((v) => v + 1000), y);
    if (got.method === "degenerate" || moved.method !== got.method) continue;
    assertEquals(moved.estimate, got.estimate + 1000);
  }
});

Deno.test("hodgesLehmann: shifts outside the interval are those the exact test rejects", () => {
  const stream = random("inverse");
  for (let round = 0; round < 40; round++) {
    const draw = (n: number) => Array.from({ length: n }, () => stream.float());
    const [x, y] = [draw(5 + stream.below(6)), draw(5 + stream.below(6))];
    const { low, high } = hodgesLehmann(x, y);
    const p = (shift: number) => mannWhitneyU(x.map((v) => v - shift), y, { twoSided: "double" }).p;
    assert(p(low - 1e-9) < 0.05 && p(low + 1e-9) >= 0.05, `${round}: ${p(low - 1e-9)} ${p(low + 1e-9)}`);
    assert(p(high + 1e-9) < 0.05 && p(high - 1e-9) >= 0.05, String(round));
  }
});

Deno.test("hodgesLehmann stores no difference: 20 000 against 20 000", () => {
  const stream = random("large");
  const draw = (by: number) => Float64Array.from({ length: 20_000 }, () => stream.float() + by);
  const { estimate, low, high, method } = hodgesLehmann(draw(0.1), draw(0));
  assertEquals(method, "normal");
  assert(low < estimate && estimate < high && Math.abs(estimate - 0.1) < 0.02 && high - low < 0.02);
});
