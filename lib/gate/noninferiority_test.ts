import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { quantile } from "../stats/describe.ts";
import { type RunShape, ttftOf } from "../testing/bench_runs.ts";
import { compare, type Rule, settleFamily } from "./noninferiority.ts";

const rule: Rule = {
  quantile: 0.95,
  direction: "lower_is_better",
  margin: 0.05,
  alpha: 0.025,
  replicates: 2000,
  key: "42/E3/s/ttft_ms",
  minSamples: 59,
};

const of = (candidate: Partial<RunShape>, baseline: Partial<RunShape> = {}, part: Partial<Rule> = {}) =>
  compare(ttftOf({ key: "c", ...candidate }), ttftOf({ key: "b", ...baseline }), { ...rule, ...part });

Deno.test("three-way rule: harm excluded, harm proven, and neither", () => {
  const large = { runs: 20, requests: 1000 };
  const rows: [ReturnType<typeof of>, string, string | null][] = [
    [of(large, large), "pass", null],
    [of({ ...large, centre: 101.5 }, large, { margin: 0.1 }), "pass", null], // slower for sure, and within the margin
    [of({ ...large, centre: 120 }, large), "fail", "over-margin"],
    [of({ ...large, centre: 80 }, large), "pass", "improved"],
    [of({ runs: 3 }, { runs: 3 }), "inconclusive", "straddles-margin"],
    [of({ runs: 2 }), "inconclusive", "too-few-runs"],
    [of({ requests: 5 }), "inconclusive", "below-floor"],
    [of({ runs: 0 }), "not-evaluated", "no-data"],
    [of({ centre: NaN }), "inconclusive", "nan"],
    [of({}, { centre: 0 }), "not-evaluated", "baseline-quantile"],
    [of({ centre: 100_000 }), "inconclusive", "unit-suspect"],
    [of({ centre: 0.1 }), "inconclusive", "unit-suspect"],
    [of({ sigma: 0 }, { sigma: 0 }), "pass", "degenerate"],
    [of({ centre: Infinity, sigma: 0 }), "fail", "over-margin"],
    [of({}, { centre: Infinity, sigma: 0 }), "not-evaluated", "baseline-quantile"],
  ];
  for (const [found, verdict, reason] of rows) {
    assertEquals([found.verdict, found.reason], [verdict, reason], JSON.stringify(found));
  }
});

Deno.test("three-way rule: a tail-only shift fails, and a token rate that halves fails", () => {
  const shape = { runs: 10, requests: 100 };
  for (let seed = 0; seed < 20; seed++) {
    const found = of({ ...shape, key: `c${seed}`, tail: 0.08, slower: 2.5 }, { ...shape, key: `b${seed}` });
    assertEquals(found.verdict, "fail", `seed ${seed}`);
  }
  const higher = { direction: "higher_is_better", quantile: 0.5 } as const;
  const halved = of({ ...shape, centre: 20 }, { ...shape, centre: 40 }, higher);
  assertEquals(halved.verdict, "fail");
  assertAlmostEquals(halved.change, 0.5, 0.05);
  assertEquals(of({ ...shape, centre: 80 }, { ...shape, centre: 40 }, higher).reason, "improved");
});

Deno.test("three-way rule: the order of rows changes nothing, and runs are resampled as runs", () => {
  const [c, b] = [ttftOf({ key: "c", runs: 5 }), ttftOf({ key: "b", runs: 5 })];
  const found = compare(c, b, rule);
  assertEquals(compare(c.map((run) => run.toReversed()), b, rule), found);
  assertEquals(found.candidate, quantile(c.flatMap((run) => [...run]), 0.95));
  assert(found.p_harm > 0 && found.p_harm < 1 && found.p_safety > 0 && found.p_safety < 1);
  assert(found.welch_log !== null && found.welch_log.low < found.welch_log.change);
  assert(found.delta_low < found.delta_high);
  // Reruns that differ widen the interval.
  const width = (runSd: number) => {
    const wide = of({ runs: 10, requests: 250, runSd }, { runs: 10, requests: 250, runSd });
    return wide.high - wide.low;
  };
  assert(width(0.1) > 1.5 * width(0), `${width(0.1)} ${width(0)}`);
});

Deno.test("Holm: one alarm among many comparisons must stand after the adjustment", () => {
  const harmed = of({ runs: 20, requests: 500, centre: 130 }, { runs: 20, requests: 500 });
  const fine = of({ runs: 20, requests: 500 }, { runs: 20, requests: 500 }, { key: "42/E3/t/ttft_ms" });
  assertEquals(settleFamily([harmed, ...Array(13).fill(fine)], 0.025)[0]!.verdict, "fail");
  const weak = { ...harmed, p_harm: 0.02 };
  const settled = settleFamily([weak, fine, fine], 0.025);
  assertEquals([settled[0]!.verdict, settled[0]!.reason], ["inconclusive", "not-after-holm"]);
  assertAlmostEquals(settled[0]!.p_harm_holm, 0.06, 1e-12);
  // A comparison that gave no p still counts.
  assertEquals(settleFamily([weak, { ...fine, p_harm: NaN }], 0.025)[0]!.verdict, "inconclusive");
  const rough = settleFamily([{ ...harmed, replicates: 100, p_harm: 1 / 101 }, ...Array(13).fill(fine)], 0.025)[0]!;
  assert(rough.why!.includes("560 replicates are needed"), rough.why!);
});
