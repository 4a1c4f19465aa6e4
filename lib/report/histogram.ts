/** A distribution on a terminal: buckets of round bounds, counts, bars, and the share at or below each. Pure. */
import { percent } from "./format.ts";
import { paint } from "./paint.ts";
import { displayWidth, pad } from "./text.ts";

interface Bucket {
  readonly from: number;
  /** Values up to this one, inclusive. */
  readonly to: number;
  readonly n: number;
}

/** Mantissas of bounds: as coarse as needed to stay within the rows asked for. */
const STEPS = [[1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8], [1, 1.5, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]];

/** Buckets on a logarithmic scale; rows of nothing between others are kept. Empty without positive values. */
export function buckets(ascending: ArrayLike<number>, most: number): Bucket[] {
  const max = ascending[ascending.length - 1] ?? 0;
  let first = 0;
  while (first < ascending.length && !(ascending[first]! > 0)) first++;
  if (first === ascending.length) return [];
  for (const steps of STEPS) {
    const bounds = boundsOver(ascending[first]!, max, steps);
    if (bounds.length - 1 <= most || steps.length === 1) return counted(ascending, bounds);
  }
  return [];
}

function boundsOver(min: number, max: number, steps: readonly number[]): number[] {
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(min)) - 1; all.length === 0 || all[all.length - 1]! < max; power++) {
    all.push(...steps.map((step) => Number((step * 10 ** power).toPrecision(12))));
  }
  const from = Math.max(0, all.findLastIndex((bound) => bound < min));
  return all.slice(from, all.findIndex((bound) => bound >= max) + 1);
}

function counted(values: ArrayLike<number>, bounds: readonly number[]): Bucket[] {
  const found: Bucket[] = [];
  let at = 0;
  for (let i = 1; i < bounds.length; i++) {
    const before = at;
    while (at < values.length && values[at]! <= bounds[i]!) at++;
    found.push({ from: bounds[i - 1]!, to: bounds[i]!, n: at - before });
  }
  return found;
}

/** One line a bucket, each ending with a newline. `unit` follows the bounds. */
export function histogram(
  ascending: ArrayLike<number>,
  unit: string,
  options: { readonly width?: number; readonly rows?: number; readonly color?: boolean } = {},
): string {
  const brush = paint(options.color ?? false);
  const rows = buckets(ascending, options.rows ?? 14);
  const bounds = rows.map(({ from, to }) => `${from} – ${to} ${unit}`);
  const counts = rows.map(({ n }) => String(n));
  const [boundWidth, countWidth] = [bounds, counts].map((texts) => Math.max(0, ...texts.map(displayWidth))) as [
    number,
    number,
  ];
  const room = Math.max(8, (options.width ?? 100) - boundWidth - countWidth - 14);
  const most = Math.max(1, ...rows.map(({ n }) => n));
  let below = 0;
  return rows.map(({ n }, i) => {
    below += n;
    const size = n / most * room;
    const bar = n === 0 ? "" : size < 0.5 ? "▏" : "█".repeat(Math.max(1, Math.round(size)));
    const share = pad(percent(below / ascending.length), 7, "right");
    return `  ${pad(bounds[i]!, boundWidth, "right")}  ${pad(counts[i]!, countWidth, "right")} ${brush.dim(share)}  ${
      brush.cyan(bar)
    }`.trimEnd() + "\n";
  }).join("");
}
