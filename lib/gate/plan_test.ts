import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { ttftOf } from "../testing/bench_runs.ts";
import { powerToPass, runsNeeded, spreadAtMost, type SpreadSeen, spreadSeen } from "./plan.ts";

/** sd of the log p95 of n lognormal values: sqrt(q(1-q)/n) over the normal density there. */
const samplingOf = (sigma: number, n: number) => sigma * Math.sqrt(0.95 * 0.05 / n) / 0.10313564;

Deno.test("plan: agrees with the simulated table of chances to pass (good to about 3 points)", () => {
  const seen = (samples: number): SpreadSeen => ({
    runs: 10,
    samples,
    betweenRuns: 0.02,
    sampling: samplingOf(0.25, samples),
  });
  const rows: [number, number, number, number][] = [
    [3, 100, 0.05, 0.10],
    [10, 100, 0.05, 0.22],
    [10, 250, 0.05, 0.58],
    [20, 250, 0.05, 0.92],
    [3, 100, 0.10, 0.35],
    [10, 100, 0.10, 0.85],
    [10, 250, 0.10, 1],
  ];
  for (const [runs, samples, margin, expected] of rows) {
    const power = powerToPass(seen(100), { runs, samples }, margin, 0.025);
    assertAlmostEquals(power, expected, 0.06, `${runs} x ${samples} at ${margin}: ${power}`);
    // Whatever the size of the runs it was seen in.
    assertAlmostEquals(powerToPass(seen(1000), { runs, samples }, margin, 0.025), power, 1e-9);
  }
});

Deno.test("plan: the spread is told apart into that between runs and that of sampling", () => {
  const noisy = spreadSeen(ttftOf({ key: "p", runs: 40, requests: 400, runSd: 0.05 }), 0.95, "42/E3/s/ttft_ms")!;
  assertAlmostEquals(noisy.betweenRuns, 0.05, 0.015);
  assertAlmostEquals(noisy.sampling, samplingOf(0.25, 400), 0.006);
  const quiet = spreadSeen(ttftOf({ key: "p", runs: 40, requests: 400 }), 0.95, "42/E3/s/ttft_ms")!;
  assert(quiet.betweenRuns < 0.02, `${quiet.betweenRuns}`);
  assertEquals(spreadSeen(ttftOf({ key: "p", runs: 1 }), 0.95, "k"), null);
  assertEquals(spreadSeen([new Float64Array(5), new Float64Array(5)], 0.95, "k"), null);
});

Deno.test("plan: more spread wants more runs, and no number of requests makes up for runs", () => {
  const seen = { runs: 10, samples: 200, betweenRuns: 0.05, sampling: 0.03 };
  const few = runsNeeded({ ...seen, betweenRuns: 0.01 }, 200, 0.05, 0.025, 0.9)!;
  assert(few < runsNeeded(seen, 200, 0.05, 0.025, 0.9)!);
  assert(runsNeeded(seen, 1e9, 0.05, 0.025, 0.9)! > 10);
  assertEquals(runsNeeded({ ...seen, betweenRuns: 5 }, 200, 0.05, 0.025, 0.9, 100), null);
  assertEquals(powerToPass({ ...seen, betweenRuns: 0, sampling: 0 }, { runs: 3, samples: 100 }, 0.05, 0.025), 1);
});

Deno.test("plan: few runs know their spread badly, and the most it may be covers the truth as often as it says", () => {
  const truth = { betweenRuns: 0.03, sampling: samplingOf(0.25, 200) };
  const most = 0.03 * 0.9;
  let covered = 0;
  for (let i = 0; i < 200; i++) {
    const seen = spreadSeen(ttftOf({ key: `m${i}`, runs: 5, requests: 200, runSd: truth.betweenRuns }), 0.95, `k${i}`)!;
    const upper = spreadAtMost(seen, 0.9);
    assert(upper.betweenRuns >= seen.betweenRuns);
    if (upper.betweenRuns >= most) covered++;
  }
  assert(covered > 160, `${covered} of 200`);
  const seen = { runs: 100_000, samples: 100, betweenRuns: 0.03, sampling: 0.01 };
  assertAlmostEquals(spreadAtMost(seen, 0.9).betweenRuns, 0.03, 3e-4);
});
