import { assert, assertEquals, assertThrows } from "@std/assert";
import { burnExceeds, burnRate, errorBudget, minutesToExhaustion } from "./error_budget.ts";

const COUNTS = { bad: 0, total: 1_000_000 };

Deno.test("errorBudget: minutes of a period, and what is left", () => {
  const minutes: readonly (readonly [string | number, string, number])[] = [
    ["0.999", "30d", 43.2],
    [0.999, "30d", 43.2],
    ["0.995", "30d", 216],
    ["0.99", "30d", 432],
    ["0.95", "30d", 2160],
    ["0.999", "4w", 40.32],
    [0.9999999, "1w", 0.001008],
    [".5", "60s", 0.5],
  ];
  for (const [objective, period, expected] of minutes) {
    assertEquals(errorBudget({ ...COUNTS, objective, period }).minutes, expected);
  }
  assertEquals(errorBudget({ bad: 650, total: 1_000_000, objective: "0.999", period: "30d" }), {
    allowed: 1000,
    spent: 650,
    remaining: 0.35,
    minutes: 43.2,
  });
  assertEquals(errorBudget({ bad: 3n, total: 10n, objective: 0.9, period: "1d" }).remaining, -2);
});

Deno.test("burnRate is the nearest double to the exact quotient", () => {
  const rows: readonly (readonly [number | bigint, number | bigint, number | string, number])[] = [
    [0, 10, "0.999", 0],
    [144, 10_000, 0.999, 14.4],
    [10, 10, "0.999", 1000],
    [1, 3, "0.5", 2 / 3],
    [0.3, 1, "0.9", 3],
    [2n ** 70n, 2n ** 72n, "0.75", 1],
    [1e300, 1e301, "0.9", 1],
    [1, 1, 1e-7, 1 / (1 - 1e-7)],
  ];
  for (const [bad, total, objective, expected] of rows) assertEquals(burnRate({ bad, total, objective }), expected);
});

Deno.test("burnExceeds decides on integers what doubles get wrong", () => {
  // The one misses by rounding up, the other fires by rounding down.
  assert(14.4 * (1 - 0.999) > 0.0144 && 14.4 * (100 - 99.9) / 100 < 0.0144);
  for (const objective of ["0.999", 0.999]) {
    const at = (bad: number) => burnExceeds({ bad, total: 10_000, objective }, 14.4);
    assertEquals([at(143), at(144), at(145)], [false, false, true]);
  }
  // S must exceed 1 - 1/14.4 = 0.930556 for such an alert to be able to fire at all.
  for (const [objective, fires] of [["0.930555", false], ["0.930556", true]] as const) {
    assertEquals(burnExceeds({ bad: 1, total: 1, objective }, "14.4"), fires);
  }
  assertEquals(burnExceeds({ bad: 0, total: 0, objective: 0.99 }, 1), false);
  assertThrows(() => burnExceeds({ bad: 0, total: 1, objective: 0.99 }, NaN), RangeError, "factor NaN");
});

Deno.test("time to exhaustion", () => {
  const hours = (remaining: number, burn: number) => minutesToExhaustion({ remaining, burn, period: "30d" }) / 60;
  assertEquals(hours(0.4, 6), 48);
  assertEquals([hours(0, 6), hours(-1, 6), hours(0.4, 0), hours(NaN, 6), hours(0.4, NaN)], [0, 0, Infinity, NaN, NaN]);
  assertThrows(() => hours(0.4, -1), RangeError);
});

Deno.test("without events there is no burn rate; nonsense is refused", () => {
  const objective = "0.99";
  for (const counts of [{ bad: 0, total: 0 }, { bad: NaN, total: 9 }, { bad: 0, total: Infinity }]) {
    assertEquals(burnRate({ ...counts, objective }), NaN);
    assertEquals(errorBudget({ ...counts, objective, period: "30d" }).remaining, NaN);
  }
  assertEquals(errorBudget({ bad: 0, total: 0, objective, period: "30d" }).allowed, 0);
  for (const bad of ["1", 0, "0", 1.5, "-0.5", NaN, "99.9%", "", ".", "0x1", "Infinity"]) {
    assertThrows(() => burnRate({ ...COUNTS, objective: bad }), RangeError, "Cannot use");
  }
  for (const counts of [{ bad: 2, total: 1 }, { bad: -1, total: 1 }, { bad: 0, total: -1 }]) {
    assertThrows(() => burnRate({ ...counts, objective }), RangeError, "Cannot budget");
  }
  for (const period of ["30", "0d", "1.5d", "-1d", "30 d", "d", ""]) {
    assertThrows(() => errorBudget({ ...COUNTS, objective, period }), RangeError, "period");
  }
});
