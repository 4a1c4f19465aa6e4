/** A bar chart for a split of time: one label a line, its milliseconds, a bar, and where given a baseline to compare with. */
import { ms } from "./format.ts";
import { type Paint, paint } from "./paint.ts";
import { displayWidth, pad, printable, truncateMiddle } from "./text.ts";

export interface Bar {
  readonly label: string;
  /** Milliseconds; null is "not watched", which is not zero. */
  readonly ms: number | null;
  /** The same at baseline, shown beside it when any row has one. */
  readonly baselineMs?: number | null;
  /** Draws this row's bar as the one to look at. */
  readonly highlight?: boolean;
}

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const LABEL_MAX = 24;

function blocks(share: number, width: number): string {
  const eighths = Math.round(share * width * 8);
  if (eighths === 0) return share > 0 ? "▏" : "";
  return "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
}

function value(what: number | null | undefined): string {
  if (what === undefined) return "";
  return what === null ? "not watched" : ms(what);
}

/** Renders one line per row, ending with a newline; the longest bar fills what `width` (default 100) leaves. */
export function bars(
  rows: readonly Bar[],
  options: { readonly width?: number; readonly color?: boolean } = {},
): string {
  const brush: Paint = paint(options.color ?? false);
  const labels = rows.map((row) => truncateMiddle(printable(row.label), LABEL_MAX));
  const nows = rows.map((row) => value(row.ms));
  const befores = rows.map((row) => row.baselineMs === undefined ? "" : `(${value(row.baselineMs)})`);
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(displayWidth));
  const [labelWidth, nowWidth, beforeWidth] = [widest(labels), widest(nows), widest(befores)];
  const room = Math.max(8, (options.width ?? 100) - labelWidth - nowWidth - beforeWidth - (beforeWidth > 0 ? 6 : 4));
  const longest = Math.max(0, ...rows.map((row) => row.ms ?? 0));
  return rows.map((row, i) => {
    const bar = blocks(longest > 0 ? Math.max(0, row.ms ?? 0) / longest : 0, room);
    const before = beforeWidth > 0 ? "  " + brush.dim(pad(befores[i] ?? "", beforeWidth, "right")) : "";
    const now = pad(nows[i] ?? "", nowWidth, "right");
    const text = `${pad(labels[i] ?? "", labelWidth)}  ${row.ms === null ? brush.dim(now) : now}${before}  ` +
      (row.highlight === true ? brush.red(bar) : brush.cyan(bar));
    return text.trimEnd() + "\n";
  }).join("");
}
