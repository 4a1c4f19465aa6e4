import { assertEquals } from "@std/assert";
import { SlowTrigger } from "./slow_trigger.ts";

const S = 1e9;

/** Seconds at which it fires: ten requests a second, slow where `slow` says so. */
function fires(slow: (i: number) => boolean, seconds = 120): number[] {
  const trigger = new SlowTrigger({ objectiveMs: 100, restNs: 60 * S });
  const at: number[] = [];
  for (let i = 0; i < seconds * 10; i++) if (trigger.add(i * S / 10, slow(i) ? 101 : 100)) at.push(i / 10);
  return at;
}

Deno.test("fires when more than a twentieth of the last 30 s is over the objective, then rests", () => {
  const table: [(i: number) => boolean, number[]][] = [
    [() => false, []],
    [(i) => i % 25 === 24, []], // four in a hundred
    [(i) => i < 2, []], // two slow ones are an accident
    [(i) => i >= 600, [61.5]], // 16 of 300
    [(i) => i >= 600 && i % 2 === 0, [63]],
    [() => true, [1.9, 61.9]],
  ];
  for (const [slow, expected] of table) assertEquals(fires(slow), expected);
});

Deno.test("a slow start with few requests is none", () => {
  const trigger = new SlowTrigger({ objectiveMs: 100, restNs: S });
  for (let i = 0; i < 19; i++) assertEquals(trigger.add(i, 500), false);
  assertEquals(trigger.add(20, 500), true);
});
