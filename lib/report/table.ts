/** Aligned tables for a terminal: a bold head, one thin rule, two spaces between columns, numbers to the right. */
import { type Paint, paint } from "./paint.ts";
import { displayWidth, pad, printable, truncateMiddle, wrap } from "./text.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Least width this column is shortened to when the table is too wide; default: never shortened. */
  readonly min?: number;
  /** Colours a cell that is already cut and padded. */
  readonly paint?: (text: string, paint: Paint) => string;
}

export interface TableOptions {
  readonly color?: boolean;
  /** Columns of the terminal; default 100. */
  readonly width?: number;
  /** Spaces before every line; default 0. */
  readonly indent?: number;
  /** A remark under a row, wrapped and indented to the second column. */
  readonly note?: (row: number) => string | undefined;
}

const GAP = 2;

/** Widths that fit: the widest column with room to give loses a column at a time, until the total fits or none can give. */
function fit(widths: number[], columns: readonly Column[], total: number): number[] {
  let excess = widths.reduce((sum, w) => sum + w, GAP * (widths.length - 1)) - total;
  while (excess > 0) {
    let widest = -1;
    columns.forEach((column, i) => {
      const canGive = column.min !== undefined && (widths[i] ?? 0) > column.min;
      if (canGive && (widest < 0 || (widths[i] ?? 0) > (widths[widest] ?? 0))) widest = i;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
  return widths;
}

/** Renders rows under their columns, ending with a newline. Cells are plain text; control characters are made visible. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions = {},
): string {
  const brush = paint(options.color ?? false);
  const indent = " ".repeat(options.indent ?? 0);
  const total = (options.width ?? 100) - indent.length;
  const cells = rows.map((row) => columns.map((_, i) => printable(row[i] ?? "")));
  const widths = fit(
    columns.map((column, i) => Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[i] ?? "")))),
    columns,
    total,
  );
  const cell = (text: string, i: number) =>
    pad(truncateMiddle(text, widths[i] ?? 0), widths[i] ?? 0, columns[i]?.align);
  const line = (parts: string[]) => (indent + parts.join(" ".repeat(GAP))).trimEnd() + "\n";

  const rule = "─".repeat(widths.reduce((sum, w) => sum + w, GAP * (widths.length - 1)));
  let text = line(columns.map((column, i) => brush.bold(cell(column.title, i)))) + indent + brush.dim(rule) + "\n";
  cells.forEach((row, r) => {
    text += line(row.map((value, i) => (columns[i]?.paint ?? ((t: string) => t))(cell(value, i), brush)));
    const note = options.note?.(r);
    if (note === undefined) return;
    const inset = indent + " ".repeat((widths[0] ?? 0) + GAP);
    for (const part of wrap(printable(note), Math.max(20, (options.width ?? 100) - inset.length))) {
      text += inset + brush.dim(part) + "\n";
    }
  });
  return text;
}
