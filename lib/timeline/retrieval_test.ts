import { assertEquals } from "@std/assert";
import { type Leg, retrievalParts } from "./retrieval.ts";
import { covered } from "./union.ts";

const MS = 1e6;
const leg = (name: Leg["leg"], startMs: number, endMs: number): Leg => ({
  leg: name,
  startNs: startMs * MS,
  endNs: endMs * MS,
});
const step = { startNs: 100 * MS, endNs: 160 * MS };

Deno.test("a retrieval step is the way there and what is left", () => {
  const rows: readonly (readonly [Leg[], object | null])[] = [
    [[], null],
    [[leg("dns", 100, 110), leg("connect", 110, 112), leg("tls", 112, 120)], {
      dnsMs: 10,
      networkMs: 10,
      vectordbMs: 40,
      kernelMs: 20,
    }],
    // A and AAAA asked at once: ten milliseconds, not twenty.
    [[leg("dns", 100, 110), leg("dns", 100, 108)], { dnsMs: 10, networkMs: 0, vectordbMs: 50, kernelMs: 10 }],
    // What began before the step is not all of it.
    [[leg("connect", 90, 105)], { dnsMs: 0, networkMs: 5, vectordbMs: 55, kernelMs: 5 }],
    [[leg("dns", 100, 200)], { dnsMs: 60, networkMs: 0, vectordbMs: 0, kernelMs: 60 }],
  ];
  for (const [legs, expected] of rows) assertEquals(retrievalParts(step, legs), expected as never);
});

Deno.test("covered: what stretches share counts once, what lies outside not at all", () => {
  const at = (startNs: number, endNs: number) => ({ startNs, endNs });
  const rows: readonly (readonly [{ startNs: number; endNs: number }[], number])[] = [
    [[], 0],
    [[at(0, 10)], 10],
    [[at(5, 10), at(0, 6), at(7, 8)], 10],
    [[at(-5, 2), at(9, 20)], 3],
    [[at(20, 30), at(5, 5), at(6, 4)], 0],
  ];
  for (const [stretches, expected] of rows) assertEquals(covered(stretches, at(0, 10)), expected);
});
