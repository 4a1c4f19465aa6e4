/** Intervals one below the other, with zero and a margin: as lines of text, and as SVG. Pure. */
import { displayWidth, pad, printable, truncateMiddle } from "./text.ts";

export interface Interval {
  readonly label: string;
  readonly low: number;
  readonly estimate: number;
  readonly high: number;
  /** Written at the end of the line. */
  readonly remark: string;
  readonly tone: "good" | "bad" | "unsure";
}

const WIDTH = 44;
const LABEL_MAX = 32;

/** Lines in a fixed-width font: `├──●──┤`, `|` at zero, `:` at the margin, an arrow where an interval goes on. */
export function forestText(rows: readonly Interval[], margin: number, format: (value: number) => string): string {
  const scale = scaleOf(rows, margin);
  const column = (value: number) => Math.round(Math.min(1, Math.max(0, scale.at(value))) * (WIDTH - 1));
  const labels = rows.map(({ label }) => truncateMiddle(printable(label), LABEL_MAX));
  const room = Math.max(0, ...labels.map(displayWidth));
  const [zero, limit] = [column(0), column(margin)];
  const lines = rows.map((row, i) => {
    const cells: string[] = Array.from({ length: WIDTH }, (_, x) => x === zero ? "|" : x === limit ? ":" : " ");
    if ([row.low, row.estimate, row.high].every((value) => !Number.isNaN(value))) {
      const [from, to] = [column(row.low), column(row.high)];
      for (let x = from; x <= to; x++) cells[x] = "─";
      cells[from] = scale.at(row.low) < 0 ? "◀" : "├";
      cells[to] = scale.at(row.high) > 1 ? "▶" : "┤";
      cells[column(row.estimate)] = "●";
    }
    return `${pad(labels[i]!, room)}  ${cells.join("")}  ${printable(row.remark)}`.trimEnd();
  });
  const head = Array.from({ length: WIDTH }, () => " ");
  put(head, zero, "0");
  put(head, limit, format(margin));
  return [`${" ".repeat(room)}  ${head.join("").trimEnd()}`, ...lines].map((line) => `${line}\n`).join("");
}

const ROW = 26;
const PLOT = { left: 260, right: 700, top: 64 };
const INK = "#1f2430";
const DIM = "#6b7280";
const TONES = { good: "#15803d", bad: "#b91c1c", unsure: "#b45309" } as const;

/** A document of its own. */
export function forestSvg(
  title: string,
  rows: readonly Interval[],
  margin: number,
  format: (value: number) => string,
): string {
  const scale = scaleOf(rows, margin);
  const x = (value: number) =>
    Math.round(10 * (PLOT.left + Math.min(1, Math.max(0, scale.at(value))) * (PLOT.right - PLOT.left))) / 10;
  const bottom = PLOT.top + rows.length * ROW;
  const rule = (value: number, dash: string) =>
    `<path d="M${x(value)} ${PLOT.top - 8}V${bottom}" stroke="${DIM}"${dash}/>` +
    text(x(value), PLOT.top - 14, value === 0 ? "0" : format(value), "middle", DIM);
  const drawn = rows.map((row, i) => {
    const y = PLOT.top + (i + 0.5) * ROW;
    const words = text(16, y + 4, row.label, "start", INK) +
      text(PLOT.right + 16, y + 4, row.remark, "start", TONES[row.tone]);
    if ([row.low, row.estimate, row.high].some(Number.isNaN)) return words;
    return words + `<path d="M${x(row.low)} ${y}H${x(row.high)}" stroke="${TONES[row.tone]}" stroke-width="2"/>` +
      `<circle cx="${x(row.estimate)}" cy="${y}" r="4" fill="${TONES[row.tone]}"/>`;
  });
  const height = bottom + 16;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1100 ${height}" width="1100" height="${height}" role="img" ` +
    `font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="13"><title>${escape(title)}</title>` +
    `<rect width="1100" height="${height}" fill="#fff"/>` +
    `<text x="16" y="28" font-size="17" font-weight="600" fill="${INK}">${escape(title)}</text>` +
    rule(0, "") + rule(margin, ' stroke-dasharray="4 3"') + drawn.join("") + "</svg>\n";
}

/** From well below zero to well above the margin, wider where the finite intervals are. */
function scaleOf(rows: readonly Interval[], margin: number): { at: (value: number) => number } {
  const finite = rows.flatMap(({ low, estimate, high }) => [low, estimate, high]).filter(Number.isFinite);
  const min = Math.max(-5 * margin, Math.min(-margin, ...finite));
  const max = Math.min(10 * margin, Math.max(2 * margin, ...finite));
  const room = (max - min) * 0.03;
  return { at: (value) => (value - min + room) / (max - min + 2 * room) };
}

function put(cells: string[], at: number, words: string): void {
  const from = Math.min(cells.length - words.length, Math.max(0, at - Math.floor(words.length / 2)));
  [...words].forEach((char, i) => cells[from + i] = char);
}

function text(x: number, y: number, words: string, anchor: string, color: string): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${color}">${escape(words)}</text>`;
}

function escape(words: string): string {
  return printable(words).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
