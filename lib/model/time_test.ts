import { assertEquals } from "@std/assert";
import { parseTimeMs, parseTimeNs } from "./time.ts";

Deno.test("times: RFC 3339 to the nanosecond, and nothing else", () => {
  assertEquals(parseTimeNs("2026-11-21T12:00:00.123456789Z"), 1795262400123456789n);
  assertEquals(parseTimeNs("2026-11-21t13:00:00+01:00"), 1795262400000000000n);
  for (const text of ["2026-11-21T12:00:00", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "run 5", ""]) {
    assertEquals(parseTimeNs(text), null, text);
  }
});

Deno.test("times of other programs: a date alone and a time without a zone are UTC, whatever the machine's zone is", () => {
  const noon = 1795262400000;
  const rows: [string, number][] = [
    ["2026-11-21T12:00:00Z", noon],
    ["2026-11-21T12:00:00", noon],
    ["2026-11-21 12:00", noon],
    ["2026-11-21T12:00:00.000001", noon],
    ["2026-11-21T07:00:00-0500", noon],
    ["2026-11-21T07:00:00-05:00", noon],
    ["2026-11-21", noon - 12 * 3_600_000],
    ["2028-02-29", 1835395200000],
  ];
  for (const [text, ms] of rows) assertEquals(parseTimeMs(text), ms, text);
  for (
    const text of ["", "1", "run 5", "2026", "2026-02-29", "2026-11-31T00:00:00Z", "2026-1-1", "Nov 21 2026", "25:00"]
  ) {
    assertEquals(parseTimeMs(text), NaN, text);
  }
});
