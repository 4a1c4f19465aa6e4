/** Durations as one number and one unit, the way Prometheus and SLO files write them. Pure. */

const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const;
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** Seconds in "5m", "30d", "4w"; null for anything else. */
export function durationSeconds(text: string): number | null {
  const [, count, unit] = /^([1-9]\d{0,5})([smhdw])$/.exec(text) ?? [];
  return count === undefined ? null : Number(count) * SECONDS[unit!]!;
}

/** "5m", "36h", "30d": the largest unit that divides it, days at most. */
export function durationText(seconds: number): string {
  if (seconds === 0) return "0s";
  const [unit, size] = UNITS.find(([, size]) => seconds % size === 0) ?? ["s", 1];
  return `${seconds / size}${unit}`;
}
