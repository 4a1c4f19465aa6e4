/** A distribution as a picture: the share of values at or below x, as an SVG that needs nothing else. Pure. */
import { quantileOfSorted, sorted } from "../stats/describe.ts";

const WIDTH = 640;
const HEIGHT = 320;
const LEFT = 48;
const BOTTOM = 40;
const TOP = 32;

/** Text is escaped; an empty sample gives the axes and the words "no data". */
export function ecdfSvg(title: string, unit: string, values: readonly number[]): string {
  const list = sorted(values);
  const max = list.length === 0 ? 1 : Math.max(quantileOfSorted(list, 1), 1e-9);
  const x = (value: number) => (LEFT + (WIDTH - LEFT - 16) * value / max).toFixed(1);
  const y = (share: number) => (HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share).toFixed(1);
  const steps = Array.from(
    { length: Math.min(200, list.length) },
    (_, i) => i / Math.max(1, Math.min(200, list.length) - 1),
  );
  const path = steps.map((q, i) => `${i === 0 ? "M" : "L"}${x(quantileOfSorted(list, q))} ${y(q)}`).join("");
  const text = (at: string, dy: string, words: string, anchor = "middle") =>
    `<text x="${at}" y="${dy}" text-anchor="${anchor}" font-family="sans-serif" font-size="12">${escape(words)}</text>`;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    `<line x1="${LEFT}" x2="${WIDTH - 16}" y1="${y(share)}" y2="${y(share)}" stroke="#ddd"/>` +
    text(String(LEFT - 6), y(share), `${share * 100} %`, "end") +
    text(x(share * max), String(HEIGHT - BOTTOM + 16), (share * max).toPrecision(3))
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">` +
    `<title>${escape(title)}</title><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>` +
    text(String(WIDTH / 2), "18", `${title} (n ${list.length})`) + ticks.join("") +
    text(String(WIDTH / 2), String(HEIGHT - 6), unit) +
    (list.length === 0
      ? text(String(WIDTH / 2), String(HEIGHT / 2), "no data")
      : `<path d="${path}" fill="none" stroke="#0b62a4" stroke-width="2"/>`) +
    "</svg>\n";
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
