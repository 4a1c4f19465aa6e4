/** The table of signals in docs/signals.md: from the catalogue, with what the last `deno task bench --write` measured. Pure. */
import { SIGNALS } from "../lib/model/signals.ts";
import { markdownTable } from "../lib/report/markdown.ts";

/** What a probe was measured to cost, of docs/bench.json. */
export interface MeasuredCost {
  readonly probe: string;
  /** Mean of one run of one of its programs; null: none ran. */
  readonly ns_per_run: number | null;
  readonly runs_per_second: number;
}

const COLUMNS = ["signal", "what it is", "probe", "hooks", "Linux", "rights", "cost", "what it misses"]
  .map((title) => ({ title }));

function cost(probe: string, measured: readonly MeasuredCost[]): string {
  const found = measured.find((one) => one.probe === probe);
  if (found === undefined || found.ns_per_run === null) return "not measured";
  const pct = found.ns_per_run * found.runs_per_second / 1e7;
  return `${Math.round(found.ns_per_run)} ns a run; ${pct.toFixed(2)} % of a CPU under the benchmark's load`;
}

/** One row a signal, in the order of the catalogue. */
export function signalsTable(measured: readonly MeasuredCost[]): string {
  const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(" ");
  const rights = (names: readonly string[]) =>
    names.length === 0 ? "none" : names.map((name) => name.replace(/^CAP_/, "")).join(", ");
  return markdownTable(
    COLUMNS,
    SIGNALS.map((row) => [
      code([row.signal]),
      row.meaning,
      code([row.probe]),
      code(row.hooks),
      row.minKernel,
      rights(row.rights),
      cost(row.probe, measured),
      row.misses,
    ]),
  );
}
