/** Markdown tables; columns as in table.ts, of which only title and alignment matter here. */
import { printable } from "./text.ts";

function cell(text: string): string {
  return printable(text.replaceAll("\n", " ")).replaceAll("\\", "\\\\").replaceAll("|", "\\|");
}

/** Renders a GitHub-flavoured Markdown table, ending with a newline. Pipes and line breaks inside cells are made harmless. */
export function markdownTable(
  columns: readonly { readonly title: string; readonly align?: "left" | "right" }[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(columns.map((c) => cell(c.title))) +
    line(columns.map((c) => c.align === "right" ? "---:" : "---")) +
    rows.map((row) => line(columns.map((_, i) => cell(row[i] ?? "")))).join("");
}
