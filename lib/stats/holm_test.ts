import { assert, assertEquals, assertThrows } from "@std/assert";
import { holm } from "./holm.ts";
import { random } from "./random.ts";

Deno.test("holm", () => {
  const rows: readonly (readonly [number[], number[]])[] = [
    [[.01, .04, .03, .005], [.03, .06, .06, .02]],
    [[], []],
    [[0.2], [0.2]],
    [[0, 1], [0, 1]],
    [[.5, .5, .5], [1, 1, 1]],
    // What gave no p still counts as a test.
    [[.01, NaN, .03], [.03, NaN, .06]],
  ];
  for (const [ps, adjusted] of rows) assertEquals(holm(ps), adjusted);
  assertEquals(holm(Float64Array.of(.25, .125)), [.25, .25]);
  for (const p of [-0.1, 1.1, Infinity]) assertThrows(() => holm([0.5, p]), RangeError, "Cannot adjust");
});

Deno.test("holm: order moves nothing, nothing falls, and the order of p stays", () => {
  const stream = random("holm");
  for (let round = 0; round < 50; round++) {
    const ps = Array.from({ length: 1 + stream.below(9) }, () => stream.float() ** 3);
    const adjusted = holm(ps);
    assertEquals(holm(ps.toReversed()).toReversed(), adjusted);
    ps.forEach((p, i) => {
      assert(adjusted[i]! >= p && adjusted[i]! <= 1);
      ps.forEach((other, j) => assert(p > other || adjusted[i]! <= adjusted[j]!));
    });
  }
});
