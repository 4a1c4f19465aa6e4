/** RFC 3339 as nanoseconds, without losing digits of the fraction. */

/** Unix nanoseconds; null when the text is no time. */
export function parseTimeNs(text: string): bigint | null {
  const [, whole, fraction = "", zone] =
    /^(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/.exec(text) ?? [];
  if (whole === undefined) return null;
  const ms = Date.parse(whole.replace(" ", "T").toUpperCase() + zone!.toUpperCase());
  return Number.isNaN(ms) ? null : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, "0"));
}
