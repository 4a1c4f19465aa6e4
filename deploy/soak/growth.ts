/** Whether what a process holds grows, from readings at even intervals. Pure. */
import type { Holding } from "./process.ts";

/** Readings before this share of the time belong to the start: code is compiled, caches and tables fill. */
const START = 1 / 3;
/** What may differ between the middle and the end and is no growth: a heap breathes, and so does a table of what is under way. */
const RSS_SHARE = 0.1, RSS_MB = 8;
const TABLE_SHARE = 0.2, TABLE_ENTRIES = 100;

export interface Growth {
  readonly what: string;
  /** In the second third of the time, and in the last. */
  readonly middle: number;
  readonly end: number;
}

/**
 * What was more at the end than in the middle, by medians: a file is opened for a moment, and a table has what the rest of the machine
 * does for a moment; what is left behind stays. Fewer than six readings say nothing.
 */
export function growth(
  readings: readonly Holding[],
): { readonly grown: readonly Growth[]; readonly rows: readonly Growth[] } {
  const from = Math.floor(readings.length * START);
  const half = Math.floor((readings.length + from) / 2);
  const [middle, end] = [readings.slice(from, half), readings.slice(half)];
  const row = (what: string, of: (reading: Holding) => number, pick: (values: number[]) => number): Growth => ({
    what,
    middle: pick(middle.map(of)),
    end: pick(end.map(of)),
  });
  const tables = [...new Set(readings.flatMap(({ entries }) => Object.keys(entries)))].sort();
  const rss = row("resident set, MB", ({ rss_mb }) => rss_mb, median);
  const descriptors = row("descriptors", descriptorsOf, median);
  const entries = tables.map((name) => row(`entries of ${name}`, ({ entries }) => entries[name] ?? 0, median));
  const kinds = [...new Set(end.flatMap(({ open }) => Object.keys(open)))].sort();
  const opened = kinds.map((kind) => row(kind, ({ open }) => open[kind] ?? 0, median)).flatMap((r) =>
    over(r, r.middle)
  );
  const named = { ...descriptors, what: `descriptors (${opened.map(({ what }) => what).join(", ")})` };
  const grown = [
    ...over(rss, rss.middle * (1 + RSS_SHARE) + RSS_MB),
    ...over(named, descriptors.middle),
    ...entries.flatMap((table) => over(table, table.middle * (1 + TABLE_SHARE) + TABLE_ENTRIES)),
  ];
  return { grown, rows: [rss, descriptors, ...entries] };
}

export const descriptorsOf = ({ open }: Holding): number => Object.values(open).reduce((sum, n) => sum + n, 0);
const over = (row: Growth, most: number) => row.end > most ? [row] : [];
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
