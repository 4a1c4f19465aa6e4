import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { exactInterval, newcombeInterval, wilsonInterval } from "./proportion.ts";

Deno.test("wilsonInterval equals Newcombe's table", () => {
  const rows: readonly (readonly [number, number, number, number])[] = [
    [81, 263, .25529, .36621],
    [15, 148, .0624, .1605],
    [0, 20, 0, .1611],
    [1, 29, .0061, .1718],
  ];
  for (const [k, n, low, high] of rows) {
    const got = wilsonInterval(k, n);
    assert(Math.abs(got.low - low) < 5.1e-5 && Math.abs(got.high - high) < 5.1e-5, JSON.stringify(got));
    assertEquals([got.estimate, got.method], [k / n, "wilson"]);
    const back = wilsonInterval(n - k, n);
    assertNear(back.low, 1 - got.high, 1e-13);
  }
  // From how many trials on a claim of 98.5 % proves 98 %, and one of 96.1 % proves 95 %.
  assert(wilsonInterval(0.985 * 3012, 3012).low >= 0.98 && wilsonInterval(0.985 * 3011, 3011).low < 0.98);
  assert(wilsonInterval(0.961 * 1509, 1509).low >= 0.95 && wilsonInterval(0.961 * 1508, 1508).low < 0.95);
});

Deno.test("newcombeInterval equals Newcombe 1998", () => {
  const got = newcombeInterval(56, 70, 48, 80);
  assert(Math.abs(got.low - .05243) < 5e-6 && Math.abs(got.high - .33387) < 5e-6, JSON.stringify(got));
  assertNear(got.estimate, 0.2, 1e-15);
  const rows: readonly (readonly [number, number, number, number, number, number])[] = [
    [9, 10, 3, 10, .1705, .8090],
    [0, 10, 0, 20, -.1611, .2775],
    [10, 10, 0, 20, .6791, 1],
    [10, 10, 0, 10, .6075, 1],
  ];
  for (const [a, m, b, n, low, high] of rows) {
    const one = newcombeInterval(a, m, b, n);
    assert(Math.abs(one.low - low) < 5.1e-5 && Math.abs(one.high - high) < 5.1e-5, JSON.stringify([a, m, b, n, one]));
    assertNear(newcombeInterval(b, n, a, m).low, -one.high, 1e-13);
  }
});

Deno.test("exactInterval: what no error proves", () => {
  for (const [n, share] of [[299, .01], [598, .005], [2995, .001]] as const) {
    const one = (count: number) => exactInterval(0, count, { level: 0.9 }).high;
    assert(one(n) <= share && one(n - 1) > share, `${n}: ${one(n)}`);
    assertNear(one(n), 1 - 0.05 ** (1 / n), 1e-12);
  }
  const got = exactInterval(7, 20);
  assertNear(got.low, .1539092047, 1e-8);
  assertNear(got.high, .5921885402, 1e-8);
  assertNear(exactInterval(0, 1e9).high, 3.688879447e-9, 1e-9);
});

Deno.test("shares at the edges", () => {
  assertEquals(wilsonInterval(0, 0), { low: 0, high: 1, estimate: NaN, method: "wilson" });
  assertEquals(exactInterval(0, 0), { low: 0, high: 1, estimate: NaN, method: "clopper_pearson" });
  assertEquals(newcombeInterval(0, 0, 1, 2), { low: -1, high: 1, estimate: NaN, method: "newcombe" });
  assertEquals([wilsonInterval(0, 9).low, wilsonInterval(9, 9).high], [0, 1]);
  assertEquals([exactInterval(0, 9).low, exactInterval(9, 9).high], [0, 1]);
  assertNear(wilsonInterval(1, 1e12).low, 1.7652e-13, 1e-4);
  for (const [k, n] of [[-1, 5], [6, 5], [NaN, 5], [1, NaN], [1, Infinity], [0, -1]] as const) {
    assertThrows(() => wilsonInterval(k, n), RangeError, "as a share");
    assertThrows(() => exactInterval(k, n), RangeError, "as a share");
    assertThrows(() => newcombeInterval(1, 2, k, n), RangeError, "as a share");
  }
  assertThrows(() => wilsonInterval(1, 2, { level: 1 }), RangeError, "level");
});
