import { assert, assertEquals } from "@std/assert";
import { assertNear } from "../testing/near.ts";
import { binomialTails, studentQuantile, studentTail } from "./beta.ts";
import { erfc } from "./erfc.ts";
import { chiSquareQuantile, incompleteGamma } from "./gamma.ts";
import { leastDouble } from "./least_double.ts";
import { normalQuantile, normalTail } from "./normal.ts";
import { sum } from "./sum.ts";

Deno.test("erfc equals the published values, to the last digits of the tail", () => {
  const rows: readonly (readonly [number, number])[] = [
    [-3, 1.9999779095030015],
    [-0.5, 1.5204998778130465],
    [0, 1],
    [0.5, 0.4795001221869535],
    [1, 0.15729920705028513],
    [1.9, 0.007209570764742541],
    [2, 0.004677734981047266],
    [5, 1.5374597944280349e-12],
    [6, 2.1519736712498913e-17],
    [10, 2.088487583762545e-45],
    [26, 5.663192408856143e-296],
    [27.3, 0],
    [100, 0],
  ];
  for (const [x, expected] of rows) assertNear(erfc(x), expected, 2e-15);
  assertEquals([erfc(Infinity), erfc(-Infinity), erfc(NaN)], [0, 2, NaN]);
  // The two formulas meet at 1.
  assertNear(erfc(1 - 2 ** -53), erfc(1), 1e-15);
});

Deno.test("normal, Student's t and chi-square quantiles", () => {
  assertNear(normalQuantile(0.975), 1.959963984540054, 1e-15);
  assertNear(normalQuantile(0.025), -1.959963984540054, 1e-15);
  assertEquals([0, 0.5, 1, -1, NaN].map(normalQuantile), [-Infinity, 0, Infinity, NaN, NaN]);
  assertNear(normalQuantile(1e-300), -37.0471, 1e-5);
  for (const p of [1e-300, 1e-20, 0.01, 0.3]) assertNear(normalTail(-normalQuantile(p)), p, 1e-13);

  assertNear(studentQuantile(0.975, 14), 2.144786687917804, 1e-13);
  assertNear(studentQuantile(0.975, 4), 2.7764451051977987, 1e-13);
  assertNear(studentQuantile(0.75, 1), 1, 1e-14);
  assertNear(studentQuantile(0.975, 1e9), 1.959963984540054, 1e-8);
  assertEquals([studentQuantile(0.5, 3), studentQuantile(1, 3), studentQuantile(0.9, 0)], [0, Infinity, NaN]);
  assertNear(studentTail(1, 1), 0.25, 1e-14);
  assertEquals([studentTail(Infinity, 5), studentTail(-Infinity, 5), studentTail(0, 5)], [0, 1, 0.5]);

  assertNear(chiSquareQuantile(0.975, 2), -2 * Math.log(0.025), 1e-14);
  assertNear(chiSquareQuantile(0.95, 10), 18.307038053275146, 1e-13);
  assertEquals([chiSquareQuantile(0, 3), chiSquareQuantile(2, 3)], [0, NaN]);
  assertNear(incompleteGamma(1, 700).upper, Math.exp(-700), 1e-12);
});

Deno.test("binomial tails: sums of the terms, and far tails without cancellation", () => {
  for (const [n, p] of [[1, 0.3], [7, 0.5], [20, 0.95], [40, 0.01]] as const) {
    const terms = [(1 - p) ** n];
    for (let k = 0; k < n; k++) terms.push(terms[k]! * (n - k) / (k + 1) * (p / (1 - p)));
    for (let k = 0; k <= n; k++) {
      const { atMost, atLeast } = binomialTails(k, n, p);
      assertNear(atMost, sum(terms.slice(0, k + 1)), 1e-12, `P(X <= ${k}) of ${n}, ${p}:`);
      assertNear(atLeast, sum(terms.slice(k)), 1e-12, `P(X >= ${k}) of ${n}, ${p}:`);
    }
  }
  assertNear(binomialTails(0, 299, 0.01).atMost, 0.99 ** 299, 1e-13);
  assertNear(binomialTails(1000, 1000, 0.5).atLeast, 2 ** -1000, 1e-12);
  assertEquals(binomialTails(-1, 5, 0.5), { atMost: 0, atLeast: 1 });
  assertEquals(binomialTails(6, 5, 0.5), { atMost: 1, atLeast: 0 });
  assertEquals([binomialTails(2, 5, 0).atMost, binomialTails(2, 5, 1).atMost, binomialTails(0, 0, 0.5).atMost], [
    1,
    0,
    1,
  ]);
});

Deno.test("leastDouble finds the very double", () => {
  for (const x of [0, 5e-324, 1, -1, 1 + 2 ** -52, -1e-300, 1e308, Infinity]) {
    const found = leastDouble(-Infinity, Infinity, (d) => d >= x);
    assertEquals(found + 0, x);
  }
  assertEquals(leastDouble(0, 1, () => false), NaN);
  assertEquals(leastDouble(2, 3, () => true), 2);
  let asked = 0;
  leastDouble(-Infinity, Infinity, (d) => (asked++, d > 1));
  assert(asked <= 65, String(asked));
});
