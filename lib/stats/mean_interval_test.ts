import { assert, assertEquals } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { cvInterval, meanInterval, welchInterval } from "./mean_interval.ts";
import { stddev } from "./sum.ts";

Deno.test("meanInterval: five repeated runs", () => {
  const runs = [150, 152, 148, 155, 151];
  const { estimate, low, high, method } = meanInterval(runs);
  assertEquals([estimate, low.toFixed(2), high.toFixed(2), method], [151.2, "147.99", "154.41", "student"]);
  assertEquals([stddev(runs).toFixed(3), (stddev(runs) / Math.sqrt(5)).toFixed(3)], ["2.588", "1.158"]);
});

Deno.test("cvInterval: what few runs say about their spread", () => {
  for (const [n, low, high] of [[3, .52, 6.28], [5, .60, 2.87], [10, .69, 1.83]] as const) {
    const got = cvInterval(Float64Array.from({ length: n }, (_, i) => 100 + i));
    assertEquals([(got.low / got.estimate).toFixed(2), (got.high / got.estimate).toFixed(2)], [
      low.toFixed(2),
      high.toFixed(2),
    ]);
  }
  const ten = cvInterval([90, 100, 110]);
  assertEquals([ten.estimate, Math.round(100 * ten.low), Math.round(100 * ten.high)], [0.1, 5, 63]);
  assertEquals(cvInterval([-90, -100, -110]).estimate, 0.1);
  assertEquals([cvInterval([1]).low, cvInterval([1]).high, cvInterval([1]).estimate], [0, Infinity, NaN]);
  assertEquals([cvInterval([0, 0]).estimate, cvInterval([-1, 1]).estimate], [NaN, Infinity]);
});

Deno.test("welchInterval equals R's t.test", () => {
  // t.test(extra ~ group, data = sleep): t = -1.8608, df = 17.776, [-3.3654832, 0.2054832].
  const one = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
  const two = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  const { estimate, low, high } = welchInterval(one, two);
  assertNear(estimate, -1.58, 1e-14);
  assertNear(low, -3.3654832, 1e-7);
  assertNear(high, 0.2054832, 1e-6);
  assertNear(welchInterval(two, one).low, -high, 1e-14);
});

Deno.test("too few values for limits, or too equal", () => {
  assertEquals(meanInterval([]), { low: NaN, high: NaN, estimate: NaN, method: "student" });
  assertEquals(meanInterval([3]), { low: -Infinity, high: Infinity, estimate: 3, method: "student" });
  assertEquals(meanInterval([3, 3]), { low: 3, high: 3, estimate: 3, method: "student" });
  assertEquals(meanInterval([3, NaN]).low, NaN);
  assertEquals([welchInterval([1], [2, 3]).low, welchInterval([1, 1], [2, 2]).low], [-Infinity, -1]);
  const exact = welchInterval([1, 2], [5, 5, 5]);
  assert(exact.low < -3.5 && exact.high > -3.5 && Number.isFinite(exact.low));
  const infinite = { low: -Infinity, high: Infinity, estimate: Infinity };
  assertEquals(meanInterval([1, Infinity]), { ...infinite, method: "student" });
  assertEquals(welchInterval([1, Infinity], [1, 2]), { ...infinite, method: "welch" });
});

Deno.test("the unit changes no interval: nanoseconds of a year, or seconds of an attosecond", () => {
  const [x, y] = [[150, 152, 148, 155, 151], [140, 143, 149]];
  const times = (values: readonly number[], unit: number) => values.map((value) => value * unit);
  const limits = ({ low, high }: { low: number; high: number }, unit = 1) => [low / unit, high / unit];
  for (const unit of [2 ** -1000, 2 ** -600, 2 ** 600, 2 ** 1000]) {
    assertEquals(limits(meanInterval(times(x, unit)), unit), limits(meanInterval(x)));
    assertEquals(limits(welchInterval(times(x, unit), times(y, unit)), unit), limits(welchInterval(x, y)));
    assertEquals(limits(cvInterval(times(x, unit))), limits(cvInterval(x)));
  }
});
