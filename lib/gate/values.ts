/** Rows of evidence -> numbers in groups and runs; what is missing is counted, and never read as 0. Pure. */
import { at, type Evidence, type EvidenceFile, type Row } from "./evidence.ts";

export interface Group {
  /** Values of the keys it is grouped by, such as `dns_latency`; "" where there are none. */
  readonly name: string;
  /** By run, in the order of the runs' names. */
  readonly runs: ReadonlyMap<string, readonly number[]>;
  readonly values: readonly number[];
  readonly rows: number;
  /** Rows that have no such field. */
  readonly missing: number;
  /** Rows whose field is no number. */
  readonly strange: number;
  /** Below 0 where nothing can be. */
  readonly negative: number;
}

interface Growing {
  readonly runs: Map<string, number[]>;
  readonly values: number[];
  rows: number;
  missing: number;
  strange: number;
  negative: number;
}

/** Amounts: of these nothing is below 0. */
const AMOUNT = /_(ms|s|us|ns|pct|tps|mb|bytes|rate|total)$/;
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const WORDS: Readonly<Record<string, number>> = { "+Inf": Infinity, Inf: Infinity, "-Inf": -Infinity };

/** Groups in the order of their names. */
export function groupsOf({ files }: Pick<Evidence, "files">, field: string, by: readonly string[]): Group[] {
  const groups = new Map<string, Growing>();
  for (const file of files) {
    for (const row of file.rows) {
      const name = by.map((key) => keyOf(row, file, key)).join("/");
      let group = groups.get(name);
      if (group === undefined) {
        group = { runs: new Map(), values: [], rows: 0, missing: 0, strange: 0, negative: 0 };
        groups.set(name, group);
      }
      group.rows++;
      take(group, cell(row, field), file.run || file.path, AMOUNT.test(field));
    }
  }
  return [...groups].sort(([a], [b]) => a < b ? -1 : 1).map(([name, group]) => ({
    name,
    ...group,
    runs: new Map([...group.runs].sort(([a], [b]) => a < b ? -1 : 1)),
  }));
}

function take(group: Growing, value: number | null, run: string, isAmount: boolean): void {
  if (value === null) group.missing++;
  else if (Number.isNaN(value)) group.strange++;
  else if (value < 0 && isAmount) group.negative++;
  else {
    group.values.push(value);
    const own = group.runs.get(run);
    if (own === undefined) group.runs.set(run, [value]);
    else own.push(value);
  }
}

/** Null where there is nothing, NaN for what is no number. */
export function cell(row: Row, field: string): number | null {
  const value = Object.hasOwn(row, field) ? row[field] : at(row, field);
  if (value === undefined || value === null) return null;
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string") return NaN;
  const text = value.trim();
  if (text === "") return null;
  if (Object.hasOwn(WORDS, text)) return WORDS[text]!;
  return DECIMAL.test(text) ? Number(text) : NaN;
}

/** Of `run` and `scenario` the folders tell where the row does not. */
export function keyOf(row: Row, file: Pick<EvidenceFile, "run" | "scenario">, key: string): string {
  const value = Object.hasOwn(row, key) ? row[key] : at(row, key);
  if (value !== undefined && value !== null && value !== "") return String(value);
  return key === "run" ? file.run : key === "scenario" ? file.scenario : "";
}
