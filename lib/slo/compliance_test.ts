import { assert, assertEquals } from "@std/assert";
import { compliance, leastFlawless, wilson } from "./compliance.ts";
import { decimal } from "./literal.ts";

const objective = (text: string) => decimal(text)!;

Deno.test("Wilson intervals, against published values", () => {
  // Newcombe (1998), table I, method 3: 81/263 and 15/148.
  const rows: [number, number, string, string][] = [
    [81, 263, "0.2553", "0.3662"],
    [15, 148, "0.0624", "0.1605"],
    [0, 20, "0.0000", "0.1611"],
    [20, 20, "0.8389", "1.0000"],
  ];
  for (const [good, total, low, high] of rows) {
    const found = wilson(good, total);
    assertEquals([found.low.toFixed(4), found.high.toFixed(4)], [low, high], `${good}/${total}`);
  }
});

Deno.test("kept, missed, or too few to say", () => {
  const of = (bad: number, total: number, text: string) => compliance({ bad, total }, objective(text)).verdict;
  const rows: [number, number, string, string][] = [
    [0, 0, "0.99", "no_data"],
    [0, 298, "0.99", "inconclusive"],
    [0, 299, "0.99", "met"],
    [0, 58, "0.95", "inconclusive"],
    [0, 59, "0.95", "met"],
    [1, 2, "0.999", "missed"],
    [1, 100, "0.99", "inconclusive"],
    [3, 10_000, "0.999", "met"],
    [5, 10_000, "0.999", "inconclusive"],
    [9, 10_000, "0.999", "inconclusive"],
    [30, 10_000, "0.999", "missed"],
  ];
  for (const [bad, total, text, verdict] of rows) {
    assertEquals(of(bad, total, text), verdict, `${bad}/${total} ${text}`);
  }
  for (const text of ["0.999", "0.9999", "0.95"]) {
    const least = leastFlawless(objective(text));
    assert(Number(text) ** least <= 0.05 && Number(text) ** (least - 1) > 0.05, text);
  }
  assertEquals(leastFlawless(objective("0.999")), 2995);
});
