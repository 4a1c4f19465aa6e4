/** Charts as SVG that needs nothing else: axes with round ticks, points, lines, marks, a legend. Pure. */
import { type Axis, place, ticks } from "./axis.ts";

type Point = readonly [x: number, y: number];

export interface Series {
  readonly name: string;
  readonly color: string;
  /** `points`: a dot each. `line`: joined. `ticks`: short strokes on the upper edge, by x alone. */
  readonly kind: "points" | "line" | "ticks";
  readonly points: readonly Point[];
}

export interface Chart {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
  readonly series: readonly Series[];
  /** Vertical lines with a word each. */
  readonly markers?: readonly { readonly x: number; readonly text: string }[];
}

const WIDTH = 960;
const HEIGHT = 260;
const PLOT = { left: 72, right: 920, top: 40, bottom: 216 };
/** Of the font, at size 12, about. */
const CHAR = 6.4;
const INK = "#1f2430";
const DIM = "#6b7280";
const GRID = "#e5e7eb";

/** Lines of text, then the charts one below the other. */
export function svgPage(title: string, lines: readonly string[], charts: readonly Chart[]): string {
  const top = 44 + lines.length * 20;
  const height = top + charts.length * HEIGHT + 8;
  const words = [
    text(16, 30, title, { size: 18, bold: true, anchor: "start" }),
    ...lines.map((line, i) => text(16, 52 + i * 20, line, { size: 13, color: DIM, anchor: "start" })),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" ` +
    `font-family="system-ui, 'DejaVu Sans', sans-serif"><title>${escape(title)}</title>` +
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>${words.join("")}` +
    charts.map((chart, i) => `<g transform="translate(0 ${top + i * HEIGHT})">${drawn(chart)}</g>`).join("") +
    "</svg>\n";
}

function drawn(chart: Chart): string {
  const { x, y, series } = chart;
  const px = (value: number) => round(PLOT.left + place(x, value) * (PLOT.right - PLOT.left));
  const py = (value: number) => round(PLOT.bottom - place(y, value) * (PLOT.bottom - PLOT.top));
  const columns = ticks(x, 8).map((tick) =>
    `<path d="M${px(tick)} ${PLOT.top}V${PLOT.bottom}" stroke="${GRID}"/>` +
    text(px(tick), PLOT.bottom + 16, chart.formatX(tick), { color: DIM })
  );
  const rows = ticks(y, 4).map((tick) =>
    `<path d="M${PLOT.left} ${py(tick)}H${PLOT.right}" stroke="${GRID}"/>` +
    text(PLOT.left - 8, py(tick) + 4, chart.formatY(tick), { color: DIM, anchor: "end" })
  );
  const markers = (chart.markers ?? []).map((marker, i) => {
    const at = px(marker.x);
    const right = at + CHAR * marker.text.length < WIDTH;
    const words = { size: 11, anchor: right ? "start" : "end" } as const;
    return `<path d="M${at} ${PLOT.top}V${PLOT.bottom}" stroke="${DIM}" stroke-dasharray="3 3"/>` +
      text(round(right ? at + 3 : at - 3), PLOT.bottom - 6 - 13 * (i % 3), marker.text, words);
  });
  const empty = series.every(({ points }) => points.length === 0)
    ? text((PLOT.left + PLOT.right) / 2, (PLOT.top + PLOT.bottom) / 2, "no data", { color: DIM, size: 14 })
    : "";
  return text(16, 18, chart.title, { size: 14, bold: true, anchor: "start" }) + legend(series) + columns.join("") +
    rows.join("") + `<path d="M${PLOT.left} ${PLOT.top}V${PLOT.bottom}H${PLOT.right}" fill="none" stroke="${DIM}"/>` +
    series.map((one) => plotted(one, px, py)).join("") + markers.join("") + empty +
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 33, x.label, { color: DIM }) +
    text(PLOT.left, PLOT.top - 7, y.label, { color: DIM, anchor: "start", size: 11 });
}

function plotted({ kind, color, points }: Series, px: (x: number) => number, py: (y: number) => number): string {
  if (points.length === 0) return "";
  if (kind === "line") {
    const path = points.map(([x, y], i) => `${i === 0 ? "M" : "L"}${px(x)} ${py(y)}`).join("");
    return `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.8" stroke-linejoin="round"/>`;
  }
  if (kind === "ticks") {
    const path = points.map(([x]) => `M${px(x)} ${PLOT.top}v8`).join("");
    return `<path d="${path}" stroke="${color}" stroke-width="1.5"/>`;
  }
  const path = points.map(([x, y]) => `M${px(x)} ${py(y)}h0`).join("");
  return `<path d="${path}" stroke="${color}" stroke-width="4" stroke-linecap="round" opacity="0.45"/>`;
}

function legend(series: readonly Series[]): string {
  let right = PLOT.right;
  return series.toReversed().filter(({ points }) => points.length > 0).map(({ name, color }) => {
    const label = text(round(right), 18, name, { anchor: "end" });
    right -= CHAR * name.length + 10;
    const swatch = `<rect x="${round(right - 6)}" y="9" width="10" height="10" rx="2" fill="${color}"/>`;
    right -= 24;
    return label + swatch;
  }).join("");
}

interface TextStyle {
  readonly size?: number;
  readonly bold?: boolean;
  readonly color?: string;
  readonly anchor?: "start" | "middle" | "end";
}

function text(x: number, y: number, words: string, style: TextStyle = {}): string {
  const { size = 12, bold = false, color = INK, anchor = "middle" } = style;
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}" fill="${color}"${
    bold ? ' font-weight="600"' : ""
  }>${escape(words)}</text>`;
}

const round = (value: number) => Math.round(value * 10) / 10;

function escape(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
