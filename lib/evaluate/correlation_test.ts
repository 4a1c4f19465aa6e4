import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { calibrateTiers, type JudgedPair, scoreCorrelation, scoreSubsets } from "./correlation.ts";

let cases = 0;
const pair = (expected: boolean, joined: boolean, part: Partial<JudgedPair> = {}): JudgedPair => ({
  caseId: `c${cases++}`,
  expected,
  expectedTier: null,
  joined,
  tier: joined ? "pod_pid_100ms" : null,
  confidence: joined ? 0.9 : 0,
  subset: null,
  ...part,
});
const times = (n: number, make: () => JudgedPair) => Array.from({ length: n }, make);

Deno.test("score: ratios with their intervals; nothing to divide by is null", () => {
  const pairs = [
    ...times(81, () => pair(true, true)),
    ...times(19, () => pair(true, false)),
    ...times(9, () => pair(false, true)),
    ...times(41, () => pair(false, false)),
  ];
  const score = scoreCorrelation(pairs);
  assertEquals([score.precision, score.recall], [0.9, 0.81]);
  assertAlmostEquals(score.f1!, 162 / 190, 1e-12);
  assertAlmostEquals(score.recall_ci95![0], 0.72220, 1e-4);
  assertAlmostEquals(score.recall_ci95![1], 0.87489, 1e-4);
  const [low, high] = score.f1_ci95!;
  assert(low < score.f1! && score.f1! < high && high - low < 0.15, `${low} to ${high}`);
  // Two right ones of two prove little: no interval without a width.
  assertAlmostEquals(scoreCorrelation(times(2, () => pair(true, true))).f1_ci95![0], 0.5102, 1e-4);
  const none = scoreCorrelation([pair(false, false)]);
  assertEquals([none.precision, none.recall, none.f1, none.precision_ci95, none.f1_ci95], [
    null,
    null,
    null,
    null,
    null,
  ]);
});

Deno.test("calibration: a guess among k is right once in k, and says so", () => {
  const guesses = (k: number, confidence: number) =>
    times(20, () => pair(true, true, { confidence })).concat(
      times(20 * (k - 1), () => pair(false, true, { confidence })),
    );
  const [honest] = calibrateTiers(guesses(4, 0.9 / 4), ["trace_id_exact", "pod_pid_100ms"]);
  assertEquals([honest!.tier, honest!.joined, honest!.right, honest!.observed, honest!.calibrated], [
    "pod_pid_100ms",
    80,
    20,
    0.25,
    true,
  ]);
  const [boastful] = calibrateTiers(guesses(4, 0.9), ["pod_pid_100ms"]);
  assertEquals(boastful!.calibrated, false);
});

Deno.test("subsets: each by itself, unnamed ones in none", () => {
  const subsets = scoreSubsets([
    pair(true, true, { subset: "b" }),
    pair(true, false, { subset: "a" }),
    pair(true, true),
  ]);
  assertEquals(Object.entries(subsets).map(([name, { recall }]) => [name, recall]), [["a", 0], ["b", 1]]);
});
