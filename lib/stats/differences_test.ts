import { assertEquals } from "@std/assert";
import { Differences } from "./differences.ts";
import { normal, random } from "./random.ts";

Deno.test("Differences: the k-th and the one after it, of more than are written out at once", () => {
  const stream = random("differences");
  const kinds: Readonly<Record<string, () => number>> = {
    continuous: () => normal(stream),
    tied: () => stream.below(3),
    constant: () => 7,
    "of every size": () => normal(stream) * 2 ** (600 * normal(stream) / 3),
    "with infinities": () => stream.below(40) === 0 ? Infinity : stream.float(),
  };
  for (const [kind, draw] of Object.entries(kinds)) {
    const x = Float64Array.from({ length: 310 }, draw).sort();
    const y = Float64Array.from({ length: 290 }, () => Math.min(draw(), Number.MAX_VALUE)).sort();
    const all = Float64Array.from([...x].flatMap((a) => [...y].map((b) => a - b))).sort();
    const differences = new Differences(x, y);
    assertEquals(differences.pairs, all.length);
    for (const k of [1, 2, 17, 40_000, all.length / 2, all.length / 2 + 1, 70_001, all.length - 1, all.length]) {
      assertEquals(differences.nth(k) + 0, all[k - 1]! + 0, `${kind}: ${k}`);
      assertEquals(differences.after(all[k - 1]!, k) + 0, (all[k] ?? Infinity) + 0, `${kind}: after ${k}`);
    }
    assertEquals([differences.nth(0), differences.nth(all.length + 1)], [-Infinity, Infinity]);
  }
});
