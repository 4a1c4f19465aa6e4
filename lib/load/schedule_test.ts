import { assert, assertEquals, assertThrows } from "@std/assert";
import { LOAD_PROFILES } from "../model/load_profile.ts";
import { random } from "../stats/random.ts";
import { gapDraw, type GapProcess } from "./gaps.ts";
import { dueTimes, expectedArrivals, type Stage } from "./rate.ts";
import { drawKinds, drawSchedule, type ScheduleOptions, steady, withCancels } from "./schedule.ts";
import { parseStages } from "./stages.ts";

const options: ScheduleOptions = {
  gaps: "poisson",
  shape: 1,
  stages: [steady(50, 20)],
  most: Infinity,
  rescale: false,
  seed: 1,
  profile: LOAD_PROFILES.rag_medium,
};

/** Mean and coefficient of variation. */
function shape(values: readonly number[]): { mean: number; cv: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, cv: Math.sqrt(variance) / mean };
}

Deno.test("arrivals: gaps of mean 1; gamma of shape .25, 1, 4 has CV 2, 1, 0.5, Poisson 1, constant 0", () => {
  const rows: [GapProcess, number, number][] = [["gamma", 0.25, 2], ["gamma", 1, 1], ["gamma", 4, 0.5], [
    "poisson",
    1,
    1,
  ], ["constant", 1, 0]];
  for (const [process, b, cv] of rows) {
    const draw = gapDraw(process, random("7/gaps"), b);
    const told = shape(Array.from({ length: 100_000 }, draw));
    assert(Math.abs(told.mean - 1) < 0.03 && Math.abs(told.cv - cv) < 0.05, `${process} ${b}: ${told.mean} ${told.cv}`);
  }
});

Deno.test("the schedule is drawn from the seed alone, in integer ns, in order, inside its time", () => {
  const schedule = drawSchedule(options);
  assertEquals(drawSchedule(options), schedule);
  assert(Math.abs(schedule.length - 1000) < 120);
  assert(
    schedule.every(({ g_ns }, i) => Number.isInteger(g_ns) && g_ns! < 20e9 && g_ns! >= (schedule[i - 1]?.g_ns ?? 0)),
  );
  assert(drawSchedule({ ...options, seed: 2 })[0]!.g_ns !== schedule[0]!.g_ns);
  const constant = drawSchedule({ ...options, gaps: "constant" });
  assertEquals([constant.length, constant[0]!.g_ns, constant[999]!.g_ns], [1000, 0, 19.98e9]);
  assertEquals(drawSchedule({ ...options, most: 10 }).length, 10);
  assertThrows(() => drawSchedule({ ...options, stages: [steady(1e6, 10)] }), RangeError);
});

Deno.test("rescaled gaps: as many as expected, ending with the run", () => {
  const schedule = drawSchedule({ ...options, rescale: true });
  assertEquals(schedule.length, 1000);
  assert(Math.abs(schedule[999]!.g_ns! - 20e9) < 1e3);
});

Deno.test("ramps and stages: as many arrivals as the area under the rate, and where it says", () => {
  const rows: [Stage[], number, number][] = [
    [[{ seconds: 10, from: 0, to: 20, curve: "linear" }], 100, 25], // a quarter in the first half
    [[{ seconds: 10, from: 20, to: 0, curve: "linear" }], 100, 75],
    [[{ seconds: 10, from: 1, to: 100, curve: "exponential" }], 10 * 99 / Math.log(100), 10 * 9 / Math.log(100)],
    [[steady(10, 5), steady(30, 5)], 200, 50],
    [[steady(10, 5), steady(0, 2), steady(10, 3)], 80, 50],
  ];
  for (const [stages, all, firstHalf] of rows) {
    assert(Math.abs(expectedArrivals(stages) - all) < 1e-9);
    const times = [...dueTimes(stages, () => 1, true)];
    assert(Math.abs(times.length - all) <= 1, `${times.length} of ${all}`);
    const early = times.filter((at) => at < 5 - 1e-9).length;
    assert(Math.abs(early - firstHalf) <= 1, `${early} of ${firstHalf} in the first half`);
    assert(times.every((at, i) => at >= (times[i - 1] ?? 0)));
  }
});

Deno.test("a ramp of a Poisson process is as Poisson as ever: gaps stretched back to mean 1 have CV 1", () => {
  const stage: Stage = { seconds: 1000, from: 0, to: 40, curve: "linear" };
  const times = [...dueTimes([stage], gapDraw("poisson", random("3/gaps"), 1), false)];
  const area = times.map((at) => 40 * at * at / 2000);
  const { mean, cv } = shape(area.slice(1).map((x, i) => x - area[i]!));
  assert(Math.abs(mean - 1) < 0.03 && Math.abs(cv - 1) < 0.03, `${mean} ${cv}`);
});

Deno.test("stages as people write them", () => {
  assertEquals(parseStages("30s:5, 1m:5-20,500ms:20", "linear"), [
    { seconds: 30, from: 5, to: 5, curve: "linear" },
    { seconds: 60, from: 5, to: 20, curve: "linear" },
    { seconds: 0.5, from: 20, to: 20, curve: "linear" },
  ]);
  for (const text of ["", "30:5", "30s", "0s:5", "5s:-1", "5s:1,", "5s:x"]) {
    assertEquals(parseStages(text, "linear"), null, text);
  }
  assertEquals(parseStages("5s:0-10", "exponential"), null); // never leaves 0
});

Deno.test("a profile mixes its kinds by weight; cancels are a share", () => {
  const kinds = drawKinds(LOAD_PROFILES.rag_mixed_20rps, 5, 10_000);
  const long = kinds.filter(({ n_in }) => n_in === 1024).length;
  assert(Math.abs(long - 1000) < 150 && kinds.every(({ g_ns }) => g_ns === null));
  const cancelled = withCancels(kinds, 0.3, 5e6, 1).filter(({ cancel_ns }) => cancel_ns === 5e6).length;
  assert(Math.abs(cancelled - 3000) < 300);
});
