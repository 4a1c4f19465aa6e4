import { assert, assertEquals } from "@std/assert";
import { midpointMs, SMALL_BOUNDS_MS, TALLY_BOUNDS_MS, trimmed } from "./histogram.ts";

Deno.test("bounds rise from 1024 ns, by a quarter of a doubling and by fourfolds", () => {
  assertEquals(TALLY_BOUNDS_MS.slice(0, 5), [0.001024, 0.00128, 0.001536, 0.001792, 0.002048]);
  assertEquals(TALLY_BOUNDS_MS.at(-1), 2 ** 34 / 1e6);
  assertEquals(SMALL_BOUNDS_MS, [0.001024, 0.004096, 0.016384, 0.065536, 0.262144, 1.048576, 4.194304]);
  for (const bounds of [TALLY_BOUNDS_MS, SMALL_BOUNDS_MS]) {
    assert(bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!));
  }
});

Deno.test("trimmed keeps what says something", () => {
  const bounds = [1, 2, 4, 8];
  const rows: [number[], { bounds: number[]; counts: number[] }][] = [
    [[0, 0, 0, 0, 0], { bounds: [], counts: [0] }],
    [[0, 0, 3, 0, 0], { bounds: [2, 4], counts: [0, 3, 0] }],
    [[5, 0, 0, 0, 0], { bounds: [1], counts: [5, 0] }],
    [[0, 0, 0, 0, 7], { bounds: [8], counts: [0, 7] }],
    [[1, 0, 2, 0, 3], { bounds, counts: [1, 0, 2, 0, 3] }],
  ];
  for (const [counts, expected] of rows) assertEquals(trimmed({ bounds, counts }), expected);
  assertEquals([0, 1, 4].map((i) => midpointMs(bounds, i)), [0.5, 1.5, 9]);
});
