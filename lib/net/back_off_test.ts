import { assert, assertEquals } from "@std/assert";
import { backOffMs, retryAfterMs } from "./back_off.ts";

Deno.test("waits double up to the most, and lie between half and all of it", () => {
  const options = { firstMs: 1_000, mostMs: 30_000 };
  assertEquals([1, 2, 3, 4, 5, 6, 7, 5000].map((n) => backOffMs(n, 0, options)), [
    ...[500, 1_000, 2_000, 4_000, 8_000],
    ...[15_000, 15_000, 15_000],
  ]);
  assert(backOffMs(6, 0.999, options) < 30_000);
});

Deno.test("Retry-After: seconds, dates of all three forms, and nothing that makes no sense", () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 7);
  const rows: [string | null, number | null][] = [
    ["0", 0],
    ["120", 120_000],
    [" 7 ", 7_000],
    ["99999999999999999999", 3_600_000],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 30_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 30_000],
    ["Sun, 06 Nov 1994 08:00:00 GMT", 0],
    ["Sun, 06 Nov 2094 08:00:00 GMT", 3_600_000],
    ["-1", null],
    ["1.5", null],
    ["soon", null],
    ["", null],
    [null, null],
  ];
  for (const [field, wanted] of rows) assertEquals(retryAfterMs(field, now), wanted, String(field));
});
