/** Points on a terminal: two by four dots a character (braille), an axis on the left, one below. Pure. */
import { type Axis, place, ticks } from "./axis.ts";
import { type Paint, paint } from "./paint.ts";
import { displayWidth, pad } from "./text.ts";

export interface Dots {
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A character that holds a point of such a series is drawn in its colour; later ones win. */
  readonly color?: "cyan" | "red" | "yellow";
}

const BRAILLE = 0x2800;
/** Bit of the dot in column x (0, 1) and row y (0 to 3) of a character. */
const BITS = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/** Ends with a newline. `formatX` and `formatY` write the ticks. */
export function dotPlot(
  series: readonly Dots[],
  x: Axis,
  y: Axis,
  options: {
    readonly width?: number;
    readonly height?: number;
    readonly color?: boolean;
    readonly formatX: (value: number) => string;
    readonly formatY: (value: number) => string;
  },
): string {
  const brush = paint(options.color ?? false);
  const height = options.height ?? 10;
  const labels = rowLabels(y, height, options.formatY);
  const margin = Math.max(...labels.map(displayWidth));
  const width = Math.max(20, (options.width ?? 100) - margin - 2);
  const cells = Array.from({ length: height }, () => new Uint8Array(width));
  const colors = Array.from({ length: height }, () => new Array<Dots["color"]>(width));
  for (const { points, color } of series) {
    for (const [px, py] of points) {
      const dotX = Math.min(2 * width - 1, Math.floor(place(x, px) * 2 * width));
      const dotY = Math.min(4 * height - 1, Math.floor((1 - place(y, py)) * 4 * height));
      const [column, row] = [dotX >> 1, dotY >> 2];
      cells[row]![column]! |= BITS[dotX & 1]![dotY & 3]!;
      colors[row]![column] = color;
    }
  }
  const lines = cells.map((row, r) =>
    `${brush.dim(pad(labels[r]!, margin, "right"))} ${brush.dim("│")}${inked(row, colors[r]!, brush).trimEnd()}`
      .trimEnd()
  );
  lines.push(`${" ".repeat(margin + 1)}${brush.dim(`└${"─".repeat(width)}`)}`);
  lines.push(brush.dim(`${" ".repeat(margin + 2)}${columnLabels(x, width, options.formatX)}`.trimEnd()));
  return lines.map((line) => `${line}\n`).join("");
}

function inked(row: Uint8Array, colors: readonly Dots["color"][], brush: Paint): string {
  let text = "";
  row.forEach((bits, i) => {
    const color = colors[i];
    const char = bits === 0 ? " " : String.fromCharCode(BRAILLE + bits);
    text += bits === 0 || color === undefined ? char : brush[color](char);
  });
  return text;
}

/** The label of each row; most are empty. */
function rowLabels(axis: Axis, height: number, format: (value: number) => string): string[] {
  const labels = Array.from({ length: height }, () => "");
  for (const tick of ticks(axis, Math.max(2, Math.floor(height / 3)))) {
    labels[Math.min(height - 1, Math.floor((1 - place(axis, tick)) * height))] = format(tick);
  }
  return labels;
}

function columnLabels(axis: Axis, width: number, format: (value: number) => string): string {
  let line = "";
  for (const tick of ticks(axis, Math.max(2, Math.floor(width / 16)))) {
    const label = format(tick);
    const at = Math.max(0, Math.min(width - label.length, Math.round(place(axis, tick) * width - label.length / 2)));
    if (at > 0 && at <= line.length) continue;
    line = line.padEnd(at) + label;
  }
  return line;
}
