import { assertEquals } from "@std/assert";
import { TokenBucket } from "./token_bucket.ts";

/** How many of `wanted` get through at `nowMs`. */
const through = (bucket: TokenBucket, nowMs: number, wanted: number) =>
  Array.from({ length: wanted }, () => bucket.take(nowMs)).filter(Boolean).length;

Deno.test("a burst passes, then the rate does, and a quiet time earns one burst and no more", () => {
  const bucket = new TokenBucket(10_000, 20_000, 5);
  const table: [number, number, number][] = [
    [5, 30_000, 20_000],
    [5, 10, 0],
    [105, 2000, 1000],
    [105.25, 3, 2],
    [104, 5, 0], // a clock that went back earns nothing
    [3_600_000, 50_000, 20_000],
  ];
  for (const [nowMs, wanted, expected] of table) assertEquals(through(bucket, nowMs, wanted), expected, `${nowMs}`);
});

Deno.test("over a long time no more than the rate passes, however it is asked", () => {
  const bucket = new TokenBucket(100, 100, 0);
  let passed = 0;
  for (let ms = 0; ms < 10_000; ms += 7) passed += through(bucket, ms, 3);
  assertEquals(passed, 100 + Math.floor(9.996 * 100));
});
