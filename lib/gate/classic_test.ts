import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { random } from "../stats/random.ts";
import { ttftOf } from "../testing/bench_runs.ts";
import { classicRegression } from "./classic.ts";
import type { Parameters } from "./m5_evidence.ts";
import type { Verdict } from "./verdict.ts";

const parameters: Parameters = {
  mode: "classic",
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
function sample(key: string, n: number, centre: number): Float64Array {
  const stream = random(key);
  return Float64Array.from({ length: n }, () => centre * (0.8 + 0.4 * stream.float()));
}

const judge = (x: Float64Array, y: Float64Array) => classicRegression("s", x, y, parameters);

Deno.test("classic: fails only where rise, test, interval and effect agree; absence never passes", () => {
  const base = sample("b", 120, 100);
  const rows: [Float64Array, Float64Array, Verdict][] = [
    [sample("c", 120, 100), base, "pass"],
    [sample("c", 120, 140), base, "fail"],
    [sample("c", 120, 60), base, "pass"],
    [sample("c", 29, 100), base, "fail"],
    [new Float64Array(), base, "not-evaluated"],
    [base, new Float64Array(), "not-evaluated"],
    [Float64Array.of(...base.slice(1), NaN), base, "inconclusive"],
    [base, base.map(() => 0), "not-evaluated"],
    [base, base, "pass"],
  ];
  for (const [x, y, verdict] of rows) {
    const judged = judge(x, y);
    assertEquals(judged.verdict, verdict, judged.reasons.join());
  }
});

Deno.test("classic: parity of its statistics with what it always was, its oddities too", () => {
  const [x, y] = [sample("c", 120, 101), sample("b", 120, 100)];
  assertEquals(judge(x.toReversed(), y), judge(x, y)); // the order of rows moves nothing
  // The p of equal samples of 4 was .882, of 30 .994, where 1 would be right.
  const upTo = (n: number) => Float64Array.from({ length: n }, (_, i) => i + 1);
  assertAlmostEquals(judge(upTo(4), upTo(4)).mann_whitney_p_value, 0.882, 5e-4);
  assertAlmostEquals(judge(upTo(30), upTo(30)).mann_whitney_p_value, 0.994, 5e-4);
  assert(Math.abs(judge(upTo(4), upTo(4)).cliffs_delta) < 1e-12);
  // Vector 1 by hand: U = 35 of 50, so u = 15, z = (15 - 25 + .5) / sqrt(50 * 16 / 12), and delta .4.
  const [a, b] = [
    Float64Array.of(0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46),
    Float64Array.of(1.15, 0.88, 0.90, 0.74, 1.21),
  ];
  assertAlmostEquals(judge(a, b).mann_whitney_p_value, 0.244623605127, 1e-11);
  assertAlmostEquals(judge(a, b).cliffs_delta, 0.4, 1e-12);
});

Deno.test("classic: its limits are those of drawing every request", () => {
  const [x, y] = [sample("c", 200, 110), sample("b", 200, 100)];
  const judged = classicRegression("s", x, y, { ...parameters, bootstrapIters: 4000 });
  const stream = random("drawn");
  const draw = (values: Float64Array) => {
    const drawn = values.map(() => values[stream.below(values.length)]!).sort();
    const at = 0.95 * (drawn.length - 1), rank = Math.floor(at);
    return drawn[rank]! + (at - rank) * (drawn[rank + 1]! - drawn[rank]!);
  };
  const deltas = Float64Array.from({ length: 4000 }, () => draw(x) - draw(y)).sort();
  const width = deltas[3899]! - deltas[99]!;
  assertAlmostEquals(judged.bootstrap_delta_ci95[0], deltas[Math.floor(0.025 * 3999)]!, 0.15 * width);
  assertAlmostEquals(judged.bootstrap_delta_ci95[1], deltas[Math.ceil(0.975 * 3999)]!, 0.15 * width);
});

Deno.test("classic: the tail-only shift it lets through", () => {
  const arm = (key: string, tail: number) =>
    Float64Array.from(ttftOf({ key, runs: 10, requests: 100, tail, slower: 2.5 }).flatMap((run) => [...run]));
  const judged = judge(arm("c", 0.08), arm("b", 0));
  assert(judged.ttft_regression_pct > 20 && judged.bootstrap_delta_ci95[0] > 0);
  assertEquals(judged.verdict, "pass");
});
