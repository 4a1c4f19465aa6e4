/** When a calendar period begins, in a time zone. Pure. */
import type { CalendarUnit } from "./slo.ts";

/** Unix ms of the start of the week (Monday), month, quarter or year that `atMs` lies in. */
export function calendarStart(unit: CalendarUnit, timeZone: string, atMs: number): number {
  const local = new Date(atMs + offsetMs(timeZone, atMs)); // its UTC fields read as the local ones
  const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
  const start = {
    week: () => Date.UTC(year, month, day - (local.getUTCDay() + 6) % 7),
    month: () => Date.UTC(year, month, 1),
    quarter: () => Date.UTC(year, month - month % 3, 1),
    year: () => Date.UTC(year, 0, 1),
  }[unit]();
  // The offset at the start may be another than now: summer time.
  const guess = start - offsetMs(timeZone, start);
  return start - offsetMs(timeZone, guess);
}

/** What the zone's clocks are ahead of UTC. */
function offsetMs(timeZone: string, atMs: number): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  }).formatToParts(atMs);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const local = Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
  return local - Math.floor(atMs / 1000) * 1000;
}
