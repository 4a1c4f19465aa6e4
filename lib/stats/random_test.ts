import { assert, assertEquals, assertThrows } from "@std/assert";
import { stddev } from "./describe.ts";
import { beta, fromState, gamma, normal, type Random, random } from "./random.ts";
import { mean } from "./sum.ts";

Deno.test("the generator draws the published numbers", () => {
  const five = fromState([1, 2, 3, 4]);
  assertEquals(Array.from({ length: 5 }, () => five.uint32()), [11520, 0, 5927040, 70819200, 2031721883]);
  const keyed = random("42/E3/dns_latency/ttft_ms");
  assertEquals(Array.from({ length: 3 }, () => keyed.uint32()), [3568766884, 3357051742, 3865236510]);
  assert(fromState([0, 0, 0, 0]).uint32() !== fromState([0, 1, 0, 0]).uint32());
  assertEquals(fromState([0, 0, 0, 0]).float(), fromState([1, 0, 0, 0]).float());
});

Deno.test("draws below n are uniform, and from whole stretches only", () => {
  const keyed = random("below");
  const counts = [0, 0, 0];
  for (let i = 0; i < 30_000; i++) counts[keyed.below(3)]!++;
  for (const count of counts) assert(Math.abs(count - 10_000) < 500, String(counts));
  for (let i = 0; i < 1000; i++) {
    const value = keyed.float();
    assert(value >= 0 && value < 1);
  }
  assertEquals(keyed.below(1), 0);
  // Of 2^32 numbers 3 * 2^30 are one stretch: what lies above is drawn again.
  const [all, some] = [random("stretch"), random("stretch")];
  for (let i = 0; i < 100; i++) {
    let expected = all.uint32();
    while (expected >= 3 * 2 ** 30) expected = all.uint32();
    assertEquals(some.below(3 * 2 ** 30), expected);
  }
  for (const n of [0, 1.5, -1, 2 ** 32 + 1, NaN]) assertThrows(() => keyed.below(n), RangeError, "below");
});

Deno.test("normal, gamma and beta have their mean and spread", () => {
  const rows: readonly (readonly [string, (stream: Random) => number, number, number])[] = [
    ["normal", normal, 0, 1],
    ["gamma 1", (s) => gamma(s, 1), 1, 1],
    ["gamma 50", (s) => gamma(s, 50), 50, Math.sqrt(50)],
    ["beta 2 5", (s) => beta(s, 2, 5), 2 / 7, Math.sqrt(10 / (49 * 8))],
    ["beta 95001 5000", (s) => beta(s, 95_001, 5000), 95_001 / 100_001, 6.889e-4],
  ];
  for (const [name, draw, centre, spread] of rows) {
    const stream = random(name);
    const values = Float64Array.from({ length: 20_000 }, () => draw(stream));
    assert(Math.abs(mean(values) - centre) < 4 * spread / Math.sqrt(values.length), `${name}: ${mean(values)}`);
    assert(Math.abs(stddev(values) / spread - 1) < 0.03, `${name}: ${stddev(values)}`);
  }
});
