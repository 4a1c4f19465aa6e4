import { assertEquals } from "@std/assert";
import { fraction, nearest } from "./decimal.ts";
import { random } from "./random.ts";
import { mean, stddev, sum, variance } from "./sum.ts";

Deno.test("sum and mean", () => {
  const rows: readonly (readonly [number[], number, number])[] = [
    [[], 0, NaN],
    [[7], 7, 7],
    [[2, 4], 6, 3],
    [[1e100, 1, -1e100], 1, 1 / 3],
    [[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], 1, 0.1],
    [[1e308, 1e308, -1e308], 1e308, 1e308 / 3],
    [[1.7e308, 1.7e308], Infinity, 1.7e308],
    // Halfway between two doubles, and a breath above.
    [[1, 2 ** -53], 1, 0.5],
    [[1, 2 ** -53, 2 ** -1074], 1 + 2 ** -52, (1 + 2 ** -52) / 3],
    [[Infinity, 1], Infinity, Infinity],
    [[Infinity, -Infinity], NaN, NaN],
    [[1, NaN], NaN, NaN],
    [[1, null as unknown as number], NaN, NaN],
    [["1", "2"] as unknown as number[], NaN, NaN],
    [[true, 1n] as unknown as number[], NaN, NaN],
  ];
  for (const [values, total, centre] of rows) {
    assertEquals(sum(values), total, String(values));
    assertEquals(sum(Float64Array.from(values, (v) => typeof v === "number" ? v : NaN)), total);
    assertEquals(mean(values.values()), centre, String(values));
    if (Number.isNaN(centre)) assertEquals(stddev(values), NaN, String(values));
  }
});

Deno.test("sum is the exact sum rounded once, in whatever order", () => {
  const stream = random("sum");
  for (let round = 0; round < 300; round++) {
    const spread = [4, 60, 900, 2000][round % 4]!;
    const values = Array.from({ length: 1 + stream.below(40) }, () => {
      const size = 2 ** Math.max(-1074, Math.min(1000, (stream.float() - 0.5) * spread));
      return (2 * stream.float() - 1) * size;
    });
    if (round % 3 === 0) values.push(...values.map((value) => -value * (1 + 2 ** -40)));
    const total = values.reduce((all, value) => all + units(value), 0n);
    const got = sum(values);
    assertEquals(got + 0, nearest(total, 2n ** 1074n) + 0, String(values));
    for (let i = values.length - 1; i > 0; i--) {
      const j = stream.below(i + 1);
      [values[i], values[j]] = [values[j]!, values[i]!];
    }
    assertEquals(sum(values), got);
  }
});

Deno.test("variance and standard deviation, n - 1", () => {
  assertEquals(variance([2, 4]), 2);
  assertEquals(stddev([2, 4, 4, 4, 5, 5, 7, 9]), Math.sqrt(32 / 7));
  assertEquals(variance([1e9 + 1, 1e9 + 2, 1e9 + 3]), 1);
  assertEquals([variance([3]), variance([]), variance([1, NaN]), variance([Infinity, 1])], [NaN, NaN, NaN, NaN]);
  // Where the variance leaves the doubles the standard deviation does not.
  for (const size of [5e-324, 2 ** -1040, 1e-200, 1, 1e200, 2 ** 1021]) {
    assertEquals(stddev([-size, size, -size, size, 0]), size, String(size));
    assertEquals([stddev([size, size, size]), variance([size, size])], [0, 0]);
  }
  assertEquals([variance([-1e-200, 1e-200]), variance([-1e200, 1e200])], [0, Infinity]);
  assertEquals(stddev([Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE]), Infinity);
});

Deno.test("a decimal is read by its digits, and a quotient rounded once", () => {
  for (
    const [text, n, d] of [
      ["0.999", 999n, 1000n],
      [".5", 5n, 10n],
      [1e-7, 1n, 10n ** 7n],
      ["-12", -12n, 1n],
      [
        "1.5e3",
        1500n,
        1n,
      ],
      [1e21, 10n ** 21n, 1n],
      [7n, 7n, 1n],
    ] as const
  ) {
    const read = fraction(text)!;
    assertEquals(read.n * d, n * read.d, String(text));
  }
  for (const text of ["", ".", "1.", "e5", "12ms", "0x10", " 1", "1e99999", NaN, -Infinity]) {
    assertEquals(fraction(text), null, String(text));
  }
  const stream = random("nearest");
  for (let round = 0; round < 2000; round++) {
    // Quotients of 53-bit integers: division of doubles rounds them once.
    const [n, d] = [stream.uint32() * 2 ** 20 + 1, stream.uint32() + 1];
    assertEquals(nearest(BigInt(n), BigInt(d)), n / d);
  }
  assertEquals([nearest(1n, 0n), nearest(-1n, 0n), nearest(0n, 0n), nearest(0n, 5n)], [Infinity, -Infinity, NaN, 0]);
  assertEquals([nearest(1n, 2n ** 1074n), nearest(2n ** 1024n, 1n), nearest(3n, -2n)], [2 ** -1074, Infinity, -1.5]);
});

/** A double is an integer times 2^-1074: this integer. */
function units(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const word = view.getBigUint64(0);
  const exponent = Number((word >> 52n) & 2047n);
  const digits = (word & (2n ** 52n - 1n)) | (exponent > 0 ? 2n ** 52n : 0n);
  const size = digits << BigInt(Math.max(0, exponent - 1));
  return word >> 63n === 1n ? -size : size;
}
