/** RFC 3339 as numbers, the same on every machine: what `Date.parse` makes of other texts depends on where it runs. */

/** Unix nanoseconds, without losing digits of the fraction; null when the text is no time. */
export function parseTimeNs(text: string): bigint | null {
  const [, whole, fraction = "", zone] =
    /^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  if (whole === undefined || !isDay(whole.slice(0, 10))) return null;
  const ms = Date.parse(whole.replace(" ", "T").toUpperCase() + zone!.toUpperCase());
  return Number.isNaN(ms) ? null : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}

const LENIENT = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:([Zz])|([+-]\d\d):?(\d\d))?)?$/;

/**
 * Unix milliseconds of a time as files of other programs write it: a date alone is its begin, and what names no zone is UTC. NaN for
 * any other text.
 */
export function parseTimeMs(text: string): number {
  const [, date, clock = "00:00", , hours, minutes] = LENIENT.exec(text) ?? [];
  if (date === undefined || !isDay(date)) return NaN;
  return Date.parse(`${date}T${clock}${hours === undefined ? "Z" : `${hours}:${minutes}`}`);
}

/** 30 February is none; `Date.parse` takes it for 2 March. */
function isDay(date: string): boolean {
  const day = Number(date.slice(8, 10));
  return day <= 28 ||
    new Date(Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)) - 1, day)).getUTCDate() === day;
}
