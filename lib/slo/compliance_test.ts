import { assert, assertEquals } from "@std/assert";
import { compliance } from "./compliance.ts";
import { decimal } from "./literal.ts";

const objective = (text: string) => decimal(text)!;

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
  const flawless = (text: string) => compliance({ bad: 0, total: 1 }, objective(text)).events_needed!;
  for (const text of ["0.999", "0.9999", "0.95"]) {
    const least = flawless(text);
    assert(Number(text) ** least <= 0.05 && Number(text) ** (least - 1) > 0.05, text);
  }
  assertEquals(flawless("0.999"), 2995);
});
