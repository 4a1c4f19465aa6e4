import { assert, assertEquals } from "@std/assert";
import { random } from "../stats/random.ts";
import { findShift, type Sample } from "./shift.ts";

/** Four requests a second; `ttft(second)` with seeded noise of up to 4 ms. */
function run(seconds: number, ttft: (second: number) => number): Sample[] {
  const stream = random("shift");
  return Array.from({ length: seconds * 4 }, (_, i) => ({
    atNs: i * 0.25e9,
    ttftMs: ttft(i / 4) + 4 * stream.float(),
  }));
}

Deno.test("findShift", () => {
  const rows: [string, Sample[], [number, number] | null][] = [
    ["nothing moves", run(40, () => 80), null],
    ["a step up and down", run(40, (s) => s >= 20 && s < 30 ? 200 : 80), [20, 30]],
    ["a step to the end", run(40, (s) => s >= 30 ? 140 : 80), [30, 40]],
    ["slower by less than anyone would notice", run(40, (s) => s >= 20 ? 85 : 80), null],
    ["faster", run(40, (s) => s >= 20 ? 20 : 80), null],
    ["a third of the requests", run(40, (s) => s >= 20 && s < 30 && s * 4 % 3 === 0 ? 900 : 80), [20, 30]],
    ["a slow request now and then", run(40, (s) => s * 4 % 40 === 0 ? 900 : 80), null],
    ["one slow request", run(40, (s) => s === 25 ? 900 : 80), null],
    ["too little baseline", run(40, (s) => s >= 20 ? 200 : 80).filter((s) => s.atNs > 9.5e9), null],
    ["no request after the baseline", run(10, () => 80), null],
  ];
  for (const [name, samples, expected] of rows) {
    const shift = findShift(samples, 10e9);
    if (expected === null) {
      assertEquals(shift, null, name);
      continue;
    }
    assert(shift !== null, name);
    assert(Math.abs(shift.startNs - expected[0] * 1e9) <= 1e9, `${name}: starts at ${shift.startNs / 1e9}`);
    assert(Math.abs(shift.endNs - expected[1] * 1e9) <= 1e9, `${name}: ends at ${shift.endNs / 1e9}`);
  }
});
