import { assert, assertEquals } from "@std/assert";
import { type RunShape, runsOf } from "../testing/bench_runs.ts";
import type { Fitness } from "./baseline.ts";
import { conclude, judgeScenario } from "./m5.ts";
import type { Mode, Parameters } from "./m5_evidence.ts";
import { judgeOverhead } from "./overhead.ts";

const parameters: Parameters = {
  mode: "noninferiority",
  maxOverheadPct: 3,
  maxVariancePct: 10,
  minRuns: 3,
  ttftRegressionPct: 10,
  alpha: 0.05,
  bootstrapIters: 2000,
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
const overhead = judgeOverhead(new Map([["n1", Array(100).fill(1)]]), [], parameters);
const steady = { runs: 10, requests: 300 };

const finding = (
  scenario: string,
  candidate: Partial<RunShape> = {},
  baseline: Partial<RunShape> = {},
  p = parameters,
) =>
  judgeScenario(
    scenario,
    runsOf({ key: `c/${scenario}`, ...steady, ...candidate }),
    runsOf({ key: `b/${scenario}`, ...steady, ...baseline }),
    fit,
    p,
  );

Deno.test("m5: both outcomes stand in every row, and the mode chooses", () => {
  const tail = { tail: 0.08, slower: 2.5 };
  for (const mode of ["noninferiority", "classic"] as Mode[]) {
    const p = { ...parameters, mode, minSamples: mode === "classic" ? 30 : 59 };
    const told = conclude([finding("s", tail, {}, p)], overhead, [], p);
    assertEquals(told.outcomes, { noninferiority: "fail", classic: "pass" });
    assertEquals(told.verdict, told.outcomes[mode]);
    const row = told.significance.scenarios[0]! as unknown as Record<string, { verdict: string; pass: boolean }>;
    assertEquals([row.noninferiority!.verdict, row.classic!.verdict], ["fail", "pass"]);
    assertEquals(told.failures.length, mode === "classic" ? 0 : 1, told.failures.join());
  }
});

Deno.test("m5: scenarios in any order give the same numbers; one added moves only what is adjusted for their number", () => {
  const [a, b, c] = [finding("a"), finding("b", { centre: 130 }), finding("c")];
  const told = conclude([a, b], overhead, [], parameters);
  assertEquals(conclude([b, a], overhead, [], parameters), told);
  assertEquals(told.verdict, "fail");
  const more = conclude([c, b, a], overhead, [], parameters);
  const unadjusted = (row: unknown) => JSON.stringify(row, (key, value) => key === "p_harm_holm" ? undefined : value);
  assertEquals(
    more.significance.scenarios.slice(0, 2).map(unadjusted),
    told.significance.scenarios.map(unadjusted),
  );
  assertEquals([told.comparisons, more.comparisons], [4, 6]);
});

Deno.test("m5: a problem of the files stands above what was found; integrity above everything", () => {
  const problem = (arm: "candidate" | "baseline", verdict: "not-evaluated" | "integrity") => ({
    scenario: "s",
    arm,
    verdict,
    reason: "torn",
    sentence: "line 7: torn",
  });
  const of = (arm: "candidate" | "baseline", verdict: "not-evaluated" | "integrity" = "not-evaluated") =>
    conclude([finding("s")], overhead, [problem(arm, verdict)], parameters);
  assertEquals(conclude([finding("s")], overhead, [], parameters).verdict, "pass");
  assertEquals([of("candidate").variance.verdict, of("candidate").verdict], ["not-evaluated", "not-evaluated"]);
  assertEquals([of("baseline").variance.verdict, of("baseline").verdict], ["pass", "not-evaluated"]);
  const broken = of("baseline", "integrity");
  assertEquals([broken.verdict, broken.pass, broken.outcomes.classic], ["integrity", false, "integrity"]);
  assertEquals(conclude([], overhead, [], parameters).verdict, "not-evaluated");
});

Deno.test("m5: what the baseline cannot carry is not compared, and the rest is judged", () => {
  const unfit: Fitness = {
    ...fit,
    verdict: "not-evaluated",
    reason: "same-commit",
    reasons: ["baseline s: same-commit"],
  };
  const [x, y] = [runsOf({ key: "c", ...steady, centre: 200 }), runsOf({ key: "b", ...steady })];
  const told = conclude([judgeScenario("s", x, y, unfit, parameters)], overhead, [], parameters);
  assertEquals([told.significance.verdict, told.variance.verdict, told.verdict], [
    "not-evaluated",
    "pass",
    "not-evaluated",
  ]);
  assertEquals(told.failures, ["baseline s: same-commit"]);
  assert((told.significance.scenarios[0]!.ttft_regression_pct as number) > 50);
});

Deno.test("m5: rows that were not taken are counted", () => {
  const runs = runsOf({ key: "c", ...steady }).map((run) => ({ ...run, duplicates: 2, outside: 1 }));
  const told = conclude(
    [judgeScenario("s", runs, runsOf({ key: "b", ...steady }), fit, parameters)],
    overhead,
    [],
    parameters,
  );
  assert(told.notes.some((note) => note.includes("20 rows of the candidate repeat a request id")), told.notes.join());
  assert(told.notes.some((note) => note.includes("10 rows of the candidate lie outside")), told.notes.join());
  const missing = runs.map((run) => ({
    ...run,
    ttftMs: run.ttftMs.with(0, NaN),
    missing: { ...run.missing, ttft_ms: 1 },
  }));
  const blind = conclude([judgeScenario("s", missing, runs, fit, parameters)], overhead, [], parameters);
  assertEquals(blind.verdict, "inconclusive");
  assert(blind.failures.join().includes("10 of 6000 rows (0.2 %) have no ttft_ms"), blind.failures.join());
});
