import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { random } from "../stats/random.ts";
import { judgeOverhead, judgeRegression, judgeVariance, type Parameters, type Run } from "./classic.ts";
import { combine, type Verdict } from "./verdict.ts";

const parameters: Parameters = {
  maxOverheadPct: 3,
  maxVariancePct: 10,
  minRuns: 3,
  ttftRegressionPct: 5,
  alpha: 0.05,
  bootstrapIters: 400,
  seed: 42,
  minSamples: 30,
  minCliffsDelta: 0.147,
};

/** `n` values around `centre`, the same for the same key. */
function sample(key: string, n: number, centre: number): number[] {
  const stream = random(key);
  return Array.from({ length: n }, () => centre * (0.8 + 0.4 * stream.float()));
}

const run = (ttftMs: number[]): Run => ({ ttftMs, tokensPerSecond: ttftMs.map(() => 40), errors: ttftMs.map(() => 0) });

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
  const rows: [Record<string, number[]>, Verdict][] = [
    [{}, "not-evaluated"],
    [{ a: Array(59).fill(1) }, "pass"],
    [{ a: Array(58).fill(1) }, "inconclusive"],
    [{ a: Array(59).fill(1), b: Array(59).fill(3.1) }, "fail"],
    [{ a: [NaN, ...Array(59).fill(1)] }, "inconclusive"],
    [{ a: Array(59).fill(3) }, "pass"],
  ];
  for (const [byNode, verdict] of rows) {
    assertEquals(judgeOverhead(new Map(Object.entries(byNode)), parameters).verdict, verdict, JSON.stringify(byNode));
  }
});

Deno.test("variance: coefficient of variation with n - 1", () => {
  const of = (...p95s: number[]) => judgeVariance("s", p95s.map((v) => run([v, v])), parameters);
  const steady = of(150, 152, 148, 155, 151);
  assertAlmostEquals(steady.stddev_ttft_p95, 2.588, 1e-3);
  assertAlmostEquals(steady.variance_pct, 100 * 2.588435821 / 151.2, 1e-6);
  assertEquals(steady.verdict, "pass");
  assertEquals(of(100, 130, 160).verdict, "fail");
  assertEquals(of(100, 100).verdict, "fail");
  assertEquals(of().verdict, "not-evaluated");
  assertEquals(of(100, 100, NaN).verdict, "inconclusive");
});

Deno.test("regression: fails only where rise, test, interval and effect agree; absence never passes", () => {
  const base = sample("b", 120, 100);
  const rows: [number[], number[], Verdict][] = [
    [sample("c", 120, 100), base, "pass"],
    [sample("c", 120, 140), base, "fail"],
    [sample("c", 120, 60), base, "pass"],
    [sample("c", 29, 100), base, "fail"],
    [[], base, "not-evaluated"],
    [base, [], "not-evaluated"],
    [[...base.slice(1), NaN], base, "inconclusive"],
    [base, base.map(() => 0), "not-evaluated"],
    [base, base, "pass"],
  ];
  for (const [x, y, verdict] of rows) {
    const judged = judgeRegression("s", run(x), run(y), parameters);
    assertEquals(judged.verdict, verdict, judged.reasons.join());
  }
  // The order of rows moves nothing, and the classic p of equal samples is what it was: .882, where 1 would be right.
  const shuffled = judgeRegression("s", run(base.toReversed()), run(sample("c", 120, 101)), parameters);
  assertEquals(shuffled, judgeRegression("s", run(base), run(sample("c", 120, 101)), parameters));
  const four = judgeRegression("s", run([1, 2, 3, 4]), run([1, 2, 3, 4]), parameters);
  assertAlmostEquals(four.mann_whitney_p_value, 0.882, 5e-4);
  assert(Math.abs(four.cliffs_delta) < 1e-12);
});
