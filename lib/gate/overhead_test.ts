import { assertEquals } from "@std/assert";
import { judgeOverhead } from "./overhead.ts";
import { combine, type Verdict } from "./verdict.ts";

Deno.test("combine: the worst verdict stands, and nothing is no pass", () => {
  const rows: [Verdict[], Verdict][] = [
    [[], "not-evaluated"],
    [["pass", "pass"], "pass"],
    [["pass", "inconclusive"], "inconclusive"],
    [["inconclusive", "not-evaluated"], "not-evaluated"],
    [["not-evaluated", "fail", "pass"], "fail"],
  ];
  for (const [given, expected] of rows) assertEquals(combine(given), expected);
});

Deno.test("overhead: p95 of the worst node and the mean; few rows decide nothing", () => {
  const rows: [Record<string, number[]>, Verdict, string | null][] = [
    [{}, "not-evaluated", "no-data"],
    [{ a: Array(59).fill(1) }, "pass", null],
    [{ a: Array(58).fill(1) }, "inconclusive", "below-floor"],
    [{ a: Array(10).fill(50) }, "inconclusive", "below-floor"],
    [{ a: Array(59).fill(1), b: Array(59).fill(3.1) }, "fail", "over-limit"],
    [{ a: [...Array(95).fill(0), ...Array(5).fill(90)] }, "fail", "over-limit"], // the mean alone is over
    [{ a: [NaN, ...Array(59).fill(1)] }, "inconclusive", "nan"],
    [{ a: [...Array(94).fill(1), ...Array(6).fill(Infinity)] }, "fail", "over-limit"],
    [{ a: Array(59).fill(3) }, "pass", null],
  ];
  for (const [byNode, verdict, reason] of rows) {
    const judged = judgeOverhead(new Map(Object.entries(byNode)), [], { maxOverheadPct: 3 });
    assertEquals([judged.verdict, judged.reason], [verdict, reason], JSON.stringify(byNode));
  }
});

Deno.test("overhead: what was not measured passes for nothing, and harm that was measured still fails", () => {
  const of = (cpu: number) =>
    judgeOverhead(new Map([["a", Array(100).fill(cpu)]]), ["s/run-2: agent off"], { maxOverheadPct: 3 });
  assertEquals([of(1).verdict, of(1).reasons], ["not-evaluated", ["overhead: s/run-2: agent off"]]);
  assertEquals(of(5).verdict, "fail");
});
