import { assertEquals } from "@std/assert";
import { calendarStart } from "./calendar.ts";

Deno.test("when a calendar period begins", () => {
  const rows: [Parameters<typeof calendarStart>[0], string, string, string][] = [
    ["month", "UTC", "2026-02-28T23:59:59.999Z", "2026-02-01T00:00:00.000Z"],
    ["month", "Europe/Berlin", "2026-03-31T22:30:00Z", "2026-03-31T22:00:00.000Z"],
    ["month", "Europe/Berlin", "2026-03-31T12:00:00Z", "2026-02-28T23:00:00.000Z"], // summer time began in between
    ["month", "America/New_York", "2026-11-15T00:00:00Z", "2026-11-01T04:00:00.000Z"],
    ["week", "UTC", "2026-01-04T12:00:00Z", "2025-12-29T00:00:00.000Z"], // a Sunday
    ["week", "Asia/Kathmandu", "2026-01-05T00:00:00Z", "2026-01-04T18:15:00.000Z"],
    ["quarter", "UTC", "2026-06-30T12:00:00Z", "2026-04-01T00:00:00.000Z"],
    ["year", "Pacific/Auckland", "2026-01-01T00:00:00Z", "2025-12-31T11:00:00.000Z"],
  ];
  for (const [unit, zone, at, start] of rows) {
    assertEquals(new Date(calendarStart(unit, zone, Date.parse(at))).toISOString(), start, `${unit} ${zone} ${at}`);
  }
});
