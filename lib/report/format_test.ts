import { assertEquals } from "@std/assert";
import { bytes, count, duration, endpoint, ms, percent, plural } from "./format.ts";

Deno.test("ms", () => {
  const rows: [number | null, string][] = [
    [0, "0 ms"],
    [0.001, "<0.01 ms"],
    [0.42, "0.42 ms"],
    [9.999, "10.0 ms"],
    [15.24, "15.2 ms"],
    [99.96, "100 ms"],
    [152.4, "152 ms"],
    [999.7, "1.00 s"],
    [1040, "1.04 s"],
    [59_960, "1 min"],
    [125_000, "2 min 5 s"],
    [-3, "-3.00 ms"],
    [null, "-"],
    [NaN, "-"],
  ];
  for (const [value, text] of rows) assertEquals(ms(value), text);
});

Deno.test("duration", () => {
  const rows: [number, string][] = [[20_000, "20 s"], [1500, "1.5 s"], [300_000, "5 min"], [100, "100 ms"], [
    2,
    "2 ms",
  ]];
  for (const [value, text] of rows) assertEquals(duration(value), text);
});

Deno.test("bytes, percent, count, plural, endpoint", () => {
  const rows: [string, string][] = [
    [bytes(512), "512 B"],
    [bytes(1536), "1.50 KiB"],
    [bytes(52_428_800), "50.0 MiB"],
    [bytes(null), "-"],
    [percent(0), "0.0 %"],
    [percent(0.0012), "0.12 %"],
    [percent(0.034), "3.4 %"],
    [percent(0.5), "50 %"],
    [count(1), "1"],
    [count(1234567), "1 234 567"],
    [plural(1, "query", "queries"), "1 query"],
    [plural(1200, "connect"), "1 200 connects"],
    [endpoint("10.0.0.1", 80), "10.0.0.1:80"],
    [endpoint("::1", 80), "[::1]:80"],
    [endpoint("::1", 0), "::1"],
  ];
  for (const [actual, text] of rows) assertEquals(actual, text);
});
