import { assertEquals } from "@std/assert";
import { Pace } from "./pace.ts";

Deno.test("a stretch ends after a millisecond; the rest is nineteen times as long while somebody waits, and over when nobody does", async () => {
  let ms = 0;
  let looks = 0;
  let waiting = 0;
  // Each look at whether somebody waits takes 2 ms.
  const pace = new Pace(() => ms, () => {
    ms += 2;
    looks++;
    return waiting-- > 0;
  });
  pace.begin();
  ms = 0.9;
  assertEquals(pace.isOver, false);
  ms = 2;
  assertEquals(pace.isOver, true);
  await pace.rest();
  assertEquals([looks, ms, pace.isOver], [1, 4, false]);
  ms = 6;
  waiting = 100;
  await pace.rest();
  assertEquals(ms, 44);
});
