import { assertEquals } from "@std/assert";
import { RetryStorms, storms } from "./retry_storm.ts";

const S = 1e9;
const at = (...seconds: number[]) => seconds.map((s) => ({ tsNs: s * S, segments: 1 }));
const brief = (list: readonly { startNs: number; endNs: number }[]) => list.map((s) => [s.startNs / S, s.endNs / S]);

Deno.test("five segments within ten seconds, both ends included", () => {
  const rows: readonly (readonly [{ tsNs: number; segments: number }[], number[][]])[] = [
    [[], []],
    [at(0, 1, 2, 3), []],
    [at(0, 1, 2, 3, 4), [[0, 4]]],
    [at(0, 2.5, 5, 7.5, 10), [[0, 10]]],
    [at(0, 2.5, 5, 7.5, 10.000001), []],
    [[{ tsNs: 3 * S, segments: 5 }], [[3, 3]]],
    [[{ tsNs: 0, segments: 3 }, { tsNs: 9 * S, segments: 2 }], [[0, 9]]],
    [at(0, 1, 2, 3, 4, 12, 13, 14), [[0, 4]]],
    [at(0, 1, 2, 3, 4, 12, 13, 14, 14), [[0, 14]]],
    [at(0, 1, 2, 3, 4, 20, 21, 22, 23, 24), [[0, 4], [20, 24]]],
    [at(0, 1, 2, 3, 4, 9, 10, 11, 12, 13), [[0, 13]]],
  ];
  for (const [resent, expected] of rows) assertEquals(brief(storms(resent)), expected, JSON.stringify(resent));
});

Deno.test("as they come: any order, by pod, seen by who was under way then", () => {
  const seen = new RetryStorms();
  for (const second of [3, 0, 4, 1, 2]) seen.add("a", second * S, 1);
  for (const second of [0, 1, 2, 3]) seen.add("b", second * S, 1);
  for (const bad of [0, -1, NaN]) seen.add("b", 2 * S, bad);
  seen.add("", 2 * S, 9);
  assertEquals(brief(seen.during("a", 1 * S, 2 * S)), [[0, 4]]);
  assertEquals(brief(seen.during("a", 4 * S, 90 * S)), [[0, 4]]);
  assertEquals(seen.during("a", 4.1 * S, 90 * S), []);
  assertEquals(seen.during("b", 0, 90 * S), []);
  assertEquals(seen.during("c", 0, 90 * S), []);
});

Deno.test("memory is bounded, and what goes is counted", () => {
  const seen = new RetryStorms({ pods: 2, perPod: 5 });
  for (let i = 0; i < 1000; i++) seen.add("a", i * S, 1);
  assertEquals(seen.evicted, 995);
  assertEquals(brief(seen.during("a", 0, 2000 * S)), [[995, 999]]);
  seen.add("b", 0, 9);
  seen.add("a", 1000 * S, 1);
  seen.add("c", 0, 9);
  assertEquals([seen.during("b", 0, 1).length, seen.during("a", 996 * S, 1000 * S).length], [0, 1]);
});
