/** collector_overhead.csv of one run: CPU in percent of one CPU, by node. */
import type { RunProblem } from "../model/bench_run.ts";
import { csvCells } from "./csv_cells.ts";
import { strictNumber } from "./strict_number.ts";

export interface OverheadRows {
  readonly byNode: ReadonlyMap<string, readonly number[]>;
  readonly problems: readonly RunProblem[];
}

/** @param text null where there is no such file */
export function parseOverhead(text: string | null, path: string): OverheadRows {
  const refused = (
    reason: string,
    sentence: string,
    verdict: RunProblem["verdict"] = "not-evaluated",
  ): OverheadRows => ({
    byNode: new Map(),
    problems: [{ verdict, reason, sentence }],
  });
  if (text === null) return refused("no-data", `there is no "${path}"`);
  const lines = text.split(/\r?\n/);
  const columns = csvCells(lines[0]!);
  const [node, cpu] = [columns.indexOf("node"), columns.indexOf("collector_cpu_pct")];
  if (node < 0 || cpu < 0) return refused("unreadable", `"${path}": line 1: no column node or collector_cpu_pct`);
  const twice = columns.find((name, i) => columns.indexOf(name) < i);
  if (twice !== undefined) return refused("unreadable", `"${path}": line 1: the column "${twice}" stands there twice`);
  const byNode = new Map<string, number[]>();
  for (const [i, line] of lines.entries()) {
    if (i === 0 || line === "") continue;
    const cells = csvCells(line);
    if (cells.length !== columns.length) {
      return refused("torn", `"${path}": line ${i + 1}: ${cells.length} cells of ${columns.length}`);
    }
    const value = strictNumber(cells[cpu]!);
    if (value < 0) return refused("negative", `"${path}": line ${i + 1}: a negative collector_cpu_pct`, "integrity");
    const rows = byNode.get(cells[node]!) ?? [];
    rows.push(value);
    byNode.set(cells[node]!, rows);
  }
  if (byNode.size === 0) return refused("no-data", `"${path}" has a header and no rows`);
  return { byNode, problems: [] };
}
