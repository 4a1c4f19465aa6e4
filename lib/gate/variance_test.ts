import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { runOf } from "../testing/bench_runs.ts";
import { classicVariance } from "./classic.ts";
import { rateSpread } from "./rate_spread.ts";
import { judgeVariance, varianceNumbers } from "./variance.ts";

const parameters = { minRuns: 3, maxVariancePct: 10, alpha: 0.05 };
const runs = (...p95s: number[]) => p95s.map((v, i) => runOf(`run-${i}`, [v, v]));

function judged(of: ReturnType<typeof runs>) {
  const numbers = varianceNumbers(of);
  return {
    ...judgeVariance("s", of, numbers, parameters),
    numbers,
    classic: classicVariance("s", numbers, parameters),
  };
}

Deno.test("variance: coefficient of variation with n - 1, and its interval", () => {
  const steady = judged(runs(150, 152, 148, 155, 151));
  assertAlmostEquals(steady.numbers.stddev_ttft_p95, 2.588, 1e-3);
  assertAlmostEquals(steady.numbers.variance_pct, 100 * 2.588435821 / 151.2, 1e-6);
  assertEquals([steady.verdict, steady.classic.verdict], ["pass", "pass"]);
  // Factors for 3, 5 and 10 runs, as published: .52 to 6.28, .60 to 2.87, .69 to 1.83.
  for (const [n, low, high] of [[3, 0.52, 6.28], [5, 0.60, 2.87], [10, 0.69, 1.83]] as const) {
    const { numbers, variance_ci95_pct } = judged(runs(...Array.from({ length: n }, (_, i) => 100 + i)));
    assertAlmostEquals(variance_ci95_pct![0] / numbers.variance_pct, low, 0.005);
    assertAlmostEquals(variance_ci95_pct![1] / numbers.variance_pct, high, 0.005);
  }
});

Deno.test("variance: what decides nothing, and where the classic rule says otherwise", () => {
  const rows: [number[], string, string | null, string][] = [
    [[100, 130, 160], "fail", "over-limit", "fail"],
    [[100, 100], "inconclusive", "too-few-runs", "fail"],
    [[], "not-evaluated", "no-data", "not-evaluated"],
    [[100, 100, NaN], "inconclusive", "nan", "inconclusive"],
    [[100, 100, Infinity], "fail", "over-limit", "fail"],
    [[0, 0, 0], "pass", null, "pass"],
  ];
  for (const [p95s, verdict, reason, classic] of rows) {
    const found = judged(runs(...p95s));
    assertEquals([found.verdict, found.reason, found.classic.verdict], [verdict, reason, classic], p95s.join());
  }
  assertEquals(judged(runs(0, 0, 0)).notes?.length, 1);
});

Deno.test("variance: a rare error rate is no noise, a rate that differs is", () => {
  const withErrors = (...failed: number[]) =>
    failed.map((k, i) => {
      const run = runOf(`run-${i}`, Array(1000).fill(100));
      return { ...run, errors: run.errors.map((_, r) => r < k ? 1 : 0) };
    });
  // 1 % true rate at n = 1000: the coefficient of variation is 31 %, and nothing is wrong.
  const rare = judged(withErrors(7, 10, 13, 9));
  assert(rare.numbers.error_rate_variance_pct > 10);
  assertEquals(rare.verdict, "pass");
  assertEquals(judged(withErrors(0, 0, 0, 80)).verdict, "fail");
  assertEquals(judged(withErrors(4, 8, 18, 9)).verdict, "inconclusive");
  assertEquals(rateSpread([], 0.01, 0.025).verdict, "inconclusive");
  const two = rateSpread([{ k: 48, n: 80 }, { k: 56, n: 70 }], 0.01, 0.025); // Newcombe 1998, table II (a)
  assertAlmostEquals(two.low, 0.05243, 5e-6);
  assertAlmostEquals(two.high, 0.33387, 5e-6);
});
