import { assertEquals } from "@std/assert";
import { drainPause } from "./watch_pace.ts";

Deno.test("the ring is emptied seldom at rest, and the sooner the faster it fills", () => {
  const table: [filled: number, pauseMs: number, expected: number][] = [
    [0, 100, 100],
    [0, 10, 100],
    [0.01, 50, 100],
    [1 / 8, 50, 50],
    [1 / 4, 50, 25],
    [1, 50, 10],
    [1 / 8, 20, 20], // as fast as before: the same pause again
    [1 / 16, 20, 40],
    [1 / 80, 20, 100],
  ];
  for (const [filled, pauseMs, expected] of table) {
    assertEquals(drainPause(filled, pauseMs), expected, `${filled} in ${pauseMs}`);
  }
});
