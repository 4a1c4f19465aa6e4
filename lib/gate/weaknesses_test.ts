/** One data set for each known weakness of the classic rule: what it says there, and that the default rule sees it. */
import { assert, assertEquals } from "@std/assert";
import { type RunShape, runsOf } from "../testing/bench_runs.ts";
import type { Fitness } from "./baseline.ts";
import { conclude, type Conclusion, judgeScenario } from "./m5.ts";
import type { Mode, Parameters, Run } from "./m5_evidence.ts";
import { judgeOverhead } from "./overhead.ts";

const base: Parameters = {
  mode: "noninferiority",
  maxOverheadPct: 3,
  maxVariancePct: 1000, // spread is not what these are about
  minRuns: 3,
  ttftRegressionPct: 5,
  alpha: 0.05,
  bootstrapIters: 1000,
  seed: 42,
  minSamples: 59,
  minCliffsDelta: 0.147,
};
const fit: Fitness = {
  verdict: "pass",
  reason: null,
  reasons: [],
  manifest: null,
  missing_keys: [],
  calibration: false,
};
const overhead = judgeOverhead(new Map([["n1", Array(100).fill(1)]]), [], base);

function judged(candidate: readonly Run[], baseline: readonly Run[], part: Partial<Parameters> = {}): Conclusion {
  const p = { ...base, ...part };
  return conclude([judgeScenario("s", candidate, baseline, fit, p)], overhead, [], p);
}

const arms = (shape: Omit<RunShape, "key">, seed: number, change: Partial<RunShape> = {}): [Run[], Run[]] => [
  runsOf({ ...shape, key: `c${seed}`, ...change }),
  runsOf({ ...shape, key: `b${seed}` }),
];

/** How often of `trials` the mode says `verdict`. */
function share(trials: number, of: (seed: number) => Conclusion, mode: Mode, verdict: string): number {
  let hits = 0;
  for (let seed = 0; seed < trials; seed++) if (of(seed).outcomes[mode] === verdict) hits++;
  return hits / trials;
}

Deno.test("weakness: a location test vetoes a tail metric", () => {
  const shape = { runs: 10, requests: 100 };
  const trial = (seed: number) => judged(...arms(shape, seed, { tail: 0.08, slower: 2.5 }));
  assert(share(20, trial, "classic", "fail") <= 0.1);
  assertEquals(share(20, trial, "noninferiority", "fail"), 1);
});

Deno.test("weakness: requests pooled over runs take the noise of reruns for harm", () => {
  const shape = { runs: 3, requests: 200, runSd: 0.15 };
  const trial = (seed: number) => judged(...arms(shape, seed));
  assert(share(40, trial, "classic", "fail") > 0.1, "the classic rule raises false alarms");
  assert(share(40, trial, "noninferiority", "fail") <= 0.1, "the default rule does not");
});

Deno.test("weakness: several scenarios without an adjustment, and results that hang on their order", () => {
  const scenarios = Array.from({ length: 7 }, (_, i) => {
    const [x, y] = arms({ runs: 10, requests: 100, runSd: 0.02 }, i);
    return judgeScenario(`s${i}`, x, y, fit, base);
  });
  const told = conclude(scenarios, overhead, [], base);
  assertEquals(conclude(scenarios.toReversed(), overhead, [], base), told);
  assert(told.outcomes.noninferiority !== "fail");
  for (const row of told.significance.scenarios) {
    const ttft = row.ttft as { p_harm: number; p_harm_holm: number };
    assert(ttft.p_harm_holm >= ttft.p_harm);
  }
});

Deno.test("weakness: equal samples have a p below 1", () => {
  const runs = runsOf({ key: "same", runs: 3, requests: 20 });
  const row = judged(runs, runs).significance.scenarios[0]! as unknown as {
    mann_whitney_p_value: number;
    cliffs_delta: number;
    classic: { mann_whitney_p_value: number };
  };
  assert(row.classic.mann_whitney_p_value < 1);
  assertEquals([row.mann_whitney_p_value, row.cliffs_delta], [1, 0]);
});

Deno.test("weakness: thirty samples are taken for enough", () => {
  const [x, y] = arms({ runs: 3, requests: 12 }, 1);
  assertEquals(judged(x, y, { mode: "classic", minSamples: 30 }).outcomes.classic, "pass");
  assertEquals(judged(x, y).outcomes.noninferiority, "inconclusive");
});

Deno.test("weakness: the token rate is compared with nothing", () => {
  const [x, y] = arms({ runs: 10, requests: 200, sigma: 0.05 }, 1, { tokens: 20 });
  const told = judged(x, y);
  assertEquals(told.outcomes, { noninferiority: "fail", classic: "pass" });
  assert(told.failures.join().includes("token rate p50"), told.failures.join());
});

Deno.test("weakness: absence improves a p95, or passes", () => {
  const [x, y] = arms({ runs: 10, requests: 200, sigma: 0.05 }, 1);
  // A field that is absent is not 0 ms: nothing passes, in either mode.
  const blind = x.map((run) => ({
    ...run,
    ttftMs: run.ttftMs.map((value, i) => i % 10 === 0 ? NaN : value),
    missing: { ...run.missing, ttft_ms: 20 },
  }));
  assertEquals(judged(blind, y).outcomes, { noninferiority: "inconclusive", classic: "inconclusive" });
  assertEquals(judged([], y).outcomes, { noninferiority: "not-evaluated", classic: "not-evaluated" });
  assertEquals(judged(x, []).outcomes, { noninferiority: "not-evaluated", classic: "not-evaluated" });
});

Deno.test("weakness: an effect without a sign, and an improvement that looks like harm", () => {
  const [x, y] = arms({ runs: 10, requests: 200, sigma: 0.05 }, 1, { centre: 70 });
  const told = judged(x, y);
  assertEquals(told.outcomes.noninferiority, "pass");
  assertEquals((told.significance.scenarios[0]!.ttft as { reason: string }).reason, "improved");
});

Deno.test("tiny and certain passes, large and unclear does not", () => {
  const tiny = judged(...arms({ runs: 20, requests: 1000, sigma: 0.05 }, 1, { centre: 101 }));
  const row = tiny.significance.scenarios[0]! as unknown as { mann_whitney_p_value: number };
  assert(row.mann_whitney_p_value < 1e-3);
  assertEquals(tiny.outcomes.noninferiority, "pass");
  const unclear = judged(...arms({ runs: 3, requests: 60, runSd: 0.1 }, 1, { centre: 110 }));
  assertEquals(unclear.outcomes.noninferiority, "inconclusive");
});
