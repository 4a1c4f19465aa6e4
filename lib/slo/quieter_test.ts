import { assert, assertEquals } from "@std/assert";
import { random } from "../stats/random.ts";
import { findMoved } from "./quieter.ts";
import type { Sample } from "./shift.ts";

/** `rate` requests a second; `ttft(second)` with seeded noise of up to a tenth. */
function run(seconds: number, rate: number, seed: string, ttft: (second: number) => number): Sample[] {
  const stream = random(seed);
  return Array.from({ length: seconds * rate }, (_, i) => ({
    atNs: i / rate * 1e9,
    ttftMs: ttft(i / rate) * (1 + 0.1 * stream.float()),
  }));
}

Deno.test("findMoved finds the slower part, whichever it is, without being told what is normal", () => {
  const rows: [string, Sample[], [number, number] | null][] = [
    ["steady", run(20, 5, "a", () => 80), null],
    ["slow from beginning to end", run(20, 5, "b", () => 900), null],
    ["slow in the end", run(20, 5, "c", (s) => s >= 12 ? 200 : 80), [12, 20]],
    ["slow in the beginning", run(20, 5, "d", (s) => s < 8 ? 200 : 80), [0, 8]],
    ["slow in the middle", run(30, 5, "e", (s) => s >= 10 && s < 18 ? 300 : 80), [10, 18]],
    ["slow for most of it", run(30, 5, "f", (s) => s >= 7 ? 300 : 80), [7, 30]],
    ["one request a second", run(40, 1, "g", (s) => s >= 22 ? 400 : 80), [22, 40]],
    ["too few", run(5, 2, "h", (s) => s >= 3 ? 400 : 80), null],
    ["slower by less than anyone would notice", run(20, 5, "i", (s) => s >= 10 ? 90 : 80), null],
  ];
  for (const [name, samples, expected] of rows) {
    const moved = findMoved(samples);
    if (expected === null) {
      assertEquals(moved, null, name);
      continue;
    }
    assert(moved !== null, name);
    const { startNs, endNs } = moved.shift;
    assert(Math.abs(startNs / 1e9 - expected[0]) <= 1.1, `${name}: starts at ${startNs / 1e9}`);
    assert(Math.abs(endNs / 1e9 - expected[1]) <= 1.1, `${name}: ends at ${endNs / 1e9}`);
    assert(moved.baseline.endNs <= startNs + 1e9 || moved.baseline.startNs >= endNs - 1e9, name);
  }
});

Deno.test("findMoved leaves nothing slow in the quieter part, however badly its length fits", () => {
  // Fewer than a fifth of the run: every length that is tried reaches into what is slow.
  for (let quick = 21; quick <= 36; quick += 3) {
    for (const slowFirst of [false, true]) {
      const slow = (i: number) => slowFirst ? i < 150 - quick : i >= quick;
      const samples = run(30, 5, `cut ${quick}`, (s) => slow(Math.round(5 * s)) ? 300 : 80);
      const name = `${quick} quick ones, slow ${slowFirst ? "first" : "last"}`;
      const moved = findMoved(samples);
      assert(moved !== null, name);
      const inside = ({ startNs, endNs }: { readonly startNs: number; readonly endNs: number }) =>
        samples.filter(({ atNs }) => atNs >= startNs && atNs <= endNs).map(({ ttftMs }) => ttftMs > 150);
      assertEquals(inside(moved.baseline).includes(true), false, name);
      assertEquals(inside(moved.shift), Array(150 - quick).fill(true), name);
    }
  }
});

Deno.test("findMoved says nothing of noise, although it chose its baseline", () => {
  let said = 0;
  for (let i = 0; i < 200; i++) {
    const stream = random(`noise ${i}`);
    // Log-normal, as latencies are: a p95 of three times the median.
    const samples = Array.from({ length: 100 }, (_, n) => ({
      atNs: n * 0.2e9,
      ttftMs: 80 *
        Math.exp(0.67 * Math.sqrt(-2 * Math.log(1 - stream.float())) * Math.cos(2 * Math.PI * stream.float())),
    }));
    if (findMoved(samples) !== null) said++;
  }
  assert(said <= 2, `${said} of 200 quiet runs were said to have moved`);
});
