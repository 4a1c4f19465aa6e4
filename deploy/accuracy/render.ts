/** The accuracy table, as text for a terminal and as Markdown for the page. Pure. */
import { percent } from "../../lib/report/format.ts";
import { markdownTable } from "../../lib/report/markdown.ts";
import { table } from "../../lib/report/table.ts";
import { agrees, type Comparison, difference } from "./measure.ts";

/** A measurement that could not be made here, and why. */
export interface Unmeasured {
  readonly name: string;
  readonly reason: string;
}

export interface Accuracy {
  readonly comparisons: readonly Comparison[];
  readonly unmeasured: readonly Unmeasured[];
}

const TITLES = ["signal", "what was done", "oracle", "n", "stat", "ours", "theirs", "difference", "verdict"];

/** n, ours, theirs, difference. */
const isNumber = (column: number) => [3, 5, 6, 7].includes(column);

function number(value: number, unit: Comparison["unit"]): string {
  if (!Number.isFinite(value)) return "-";
  return unit === "count" ? String(value) : `${value.toFixed(Math.abs(value) < 10 ? 3 : 1)} ${unit}`;
}

function apart(one: Comparison): string {
  const absolute = number(difference(one), one.unit);
  const relative = one.theirs !== 0 && one.unit === "ms" ? ` (${percent(difference(one) / one.theirs)})` : "";
  return absolute + relative;
}

function row(one: Comparison): string[] {
  const { signal, what, oracle, n, stat, unit, ours, theirs } = one;
  const verdict = agrees(one) ? "agrees" : "APART";
  return [signal, what, oracle, String(n), stat, number(ours, unit), number(theirs, unit), apart(one), verdict];
}

/** For a terminal of `width` columns; the reasons of differences stand under their rows. */
export function renderText({ comparisons, unmeasured }: Accuracy, width: number, color: boolean): string {
  const columns = TITLES.map((title, i) => ({
    title,
    ...(isNumber(i) ? { align: "right" as const } : {}),
    ...(i === 1 || i === 2 ? { min: 14 } : {}),
  }));
  const note = (i: number) => comparisons[i]!.because;
  const lines = unmeasured.map(({ name, reason }) => `not measured: ${name}: ${reason}\n`);
  return table(columns, comparisons.map(row), { width, color, note }) + lines.join("");
}

/** For docs/accuracy.md. */
export function renderMarkdown({ comparisons, unmeasured }: Accuracy): string {
  const columns = TITLES.map((title, i) => ({ title, align: isNumber(i) ? "right" as const : "left" as const }));
  const reasons = new Set<string>();
  for (const { oracle, signal, because } of comparisons) {
    if (because !== undefined) reasons.add(`- \`${signal}\` against ${oracle}: ${because}.`);
  }
  const parts = [markdownTable(columns, comparisons.map(row))];
  if (reasons.size > 0) parts.push("Why they differ:", [...reasons].join("\n"));
  if (unmeasured.length > 0) {
    parts.push("Not measured here:", unmeasured.map(({ name, reason }) => `- ${name}: ${reason}`).join("\n"));
  }
  return parts.join("\n\n");
}
