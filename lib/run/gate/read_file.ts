/** One file of evidence: rows, a document or text, by its name; what is wrong with it is a problem with its line. */
import { createHash } from "node:crypto";
import { parse as parseYamlText } from "yaml";
import { type EvidenceFile, type Problem, problem, type Row } from "../../gate/evidence.ts";
import type { EvidenceType } from "../../gate/policy.ts";
import { doubledKey, doubledKeyOfLine } from "../../model/doubled_key.ts";
import { parseTimeMs } from "../../model/time.ts";
import { csvCells } from "../../source/csv_cells.ts";
import { coverageRow, junitRow, scannerRow } from "./imports.ts";

const MOST_BYTES = 256 * 1024 * 1024;

interface Content {
  readonly rows: readonly Row[];
  readonly document?: unknown;
  readonly problems?: readonly Problem[];
}

/** @param keep members of JSON lines that anybody will ask for; null: all of them */
export function readEvidenceFile(
  root: string,
  path: string,
  type: EvidenceType,
  keep: ReadonlySet<string> | null = null,
): EvidenceFile {
  const folders = path.split("/").slice(0, -1);
  const runAt = folders.findLastIndex((name) => name.startsWith("run-"));
  const place = {
    path,
    run: runAt < 0 ? "" : folders[runAt]!,
    scenario: runAt < 1 ? "" : folders[runAt - 1]!,
  };
  const told = provenanceOf(root, [...folders, "provenance.json"].join("/"));
  const { commit, unmeasured } = told;
  const bytes = read(`${root}/${path}`);
  if (typeof bytes === "string") {
    const problems = [problem("unreadable", `${path}: ${bytes}`)];
    return {
      ...place,
      sha256: "",
      rows: [],
      document: undefined,
      text: "",
      newestMs: null,
      synthetic: false,
      commit,
      duplicates: 0,
      problems: [...problems, ...told.problems],
    };
  }
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const { text, bad } = decode(bytes);
  const content: Content = bad
    ? { rows: [], problems: [problem("not-text", `${path}: it is no UTF-8 text`)] }
    : parse(path, text, keep);
  const { rows, duplicates, contradicted } = type === "raw-samples/v1"
    ? distinct(content.rows)
    : { rows: content.rows, duplicates: 0, contradicted: null };
  const tabular = type === "raw-samples/v1" || type === "overhead-csv/v1" || type === "scenario-result/v1";
  const empty = tabular && rows.length === 0 && content.problems === undefined;
  return {
    ...place,
    sha256,
    rows,
    document: content.document,
    // Only prose is looked at as text; of tables it would be held a second time.
    text: /\.(md|txt)$/.test(path) ? text : "",
    newestMs: newest(rows, content.document),
    synthetic: rows.some((row) => row.synthetic === true || row.origin === "synthetic"),
    commit,
    duplicates,
    problems: [
      ...told.problems,
      ...content.problems ?? [],
      ...(type === "overhead-csv/v1" && unmeasured !== null ? [problem("unmeasured", `${path}: ${unmeasured}`)] : []),
      ...(contradicted === null ? [] : [
        problem("contradiction", `${path}: rows of request "${contradicted}" say different things`, "inconclusive"),
      ]),
      ...(empty ? [problem("no-data", `${path}: it holds no rows`)] : []),
    ],
  };
}

interface SelfTold {
  readonly commit: string | null;
  readonly unmeasured: string | null;
  readonly problems: readonly Problem[];
}

/** What a benchmark says of itself. Older ones say less or nothing, which blocks nothing; what cannot be read might have. */
function provenanceOf(root: string, path: string): SelfTold {
  const nothing: SelfTold = { commit: null, unmeasured: null, problems: [] };
  try {
    const text = Deno.readTextFileSync(`${root}/${path}`);
    const document: unknown = JSON.parse(text);
    if (!isRow(document) || doubledKey(text) !== null) throw new SyntaxError("no object that says each key once");
    const { commit, overhead } = document as { commit?: unknown; overhead?: { measured?: unknown; reason?: unknown } };
    return {
      commit: typeof commit === "string" && commit !== "" ? commit : null,
      unmeasured: overhead?.measured === false ? String(overhead.reason ?? "overhead was not measured") : null,
      problems: [],
    };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return nothing;
    return { ...nothing, problems: [problem("unreadable", `${path}: it is no JSON object that says each key once`)] };
  }
}

function read(path: string): Uint8Array | string {
  try {
    if (Deno.statSync(path).size > MOST_BYTES) return `it is larger than ${MOST_BYTES} bytes`;
    return Deno.readFileSync(path);
  } catch (error) {
    return error instanceof Deno.errors.PermissionDenied ? "this user may not read it" : "it cannot be read";
  }
}

function decode(bytes: Uint8Array): { text: string; bad: boolean } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), bad: false };
  } catch {
    return { text: "", bad: true };
  }
}

function parse(path: string, text: string, keep: ReadonlySet<string> | null): Content {
  const refused = (reason: string, said: string): Content => ({
    rows: [],
    problems: [problem(reason, `${path}: ${said}`)],
  });
  switch (/\.(\w+)$/.exec(path)?.[1]) {
    case "jsonl":
    case "ndjson":
      return jsonLines(path, text, keep);
    case "csv":
      return csv(path, text);
    case "yaml":
    case "yml":
      try {
        const document: unknown = parseYamlText(text, { version: "1.2", schema: "core" });
        return { document, rows: isRow(document) ? [document] : [] };
      } catch {
        return refused("unreadable", "it is no YAML");
      }
    case "xml": {
      const row = junitRow(text);
      return row === null ? refused("unreadable", "it is no whole JUnit report") : { document: row, rows: [row] };
    }
    case "info": {
      const row = coverageRow(text);
      return row === null ? refused("unreadable", "it is no whole lcov report") : { document: row, rows: [row] };
    }
    case "json": {
      let document: unknown;
      try {
        document = JSON.parse(text);
      } catch {
        return refused(
          text.trim() === "" ? "no-data" : "torn",
          text.trim() === "" ? "it is empty" : "it is no whole JSON",
        );
      }
      const twice = doubledKey(text);
      if (twice !== null) return refused("unreadable", `it says "${twice}" twice`);
      const scanned = scannerRow(document);
      if (scanned !== null) return { document, rows: [scanned] };
      return { document, rows: Array.isArray(document) ? document.filter(isRow) : isRow(document) ? [document] : [] };
    }
    default:
      return { rows: [] };
  }
}

function jsonLines(path: string, text: string, keep: ReadonlySet<string> | null): Content {
  const rows: Row[] = [];
  const lines = text.split("\n");
  for (const [i, line] of lines.entries()) {
    if (line.trim() === "") continue;
    let row: unknown = null;
    try {
      row = JSON.parse(line);
    } catch { /* named below */ }
    if (!isRow(row)) {
      const torn = i === lines.length - 1;
      const said = `${path}: line ${i + 1}: ${torn ? "torn: no whole JSON object" : "no JSON object"}`;
      return { rows: [], problems: [problem(torn ? "torn" : "unreadable", said)] };
    }
    const twice = doubledKeyOfLine(line, row);
    if (twice !== null) {
      const said = `${path}: line ${i + 1}: it says "${twice}" twice`;
      return { rows: [], problems: [problem("unreadable", said)] };
    }
    rows.push(keep === null ? row : only(row, keep));
  }
  return { rows };
}

function only(row: Row, keep: ReadonlySet<string>): Row {
  const kept: Record<string, unknown> = {};
  for (const key in row) if (keep.has(key)) kept[key] = row[key];
  return kept;
}

function csv(path: string, text: string): Content {
  const [head = "", ...lines] = text.split(/\r?\n/);
  const columns = csvCells(head);
  const twice = columns.find((name, i) => columns.indexOf(name) < i);
  if (twice !== undefined) {
    return { rows: [], problems: [problem("unreadable", `${path}: line 1: the column "${twice}" stands there twice`)] };
  }
  const rows: Row[] = [];
  for (const [i, line] of lines.entries()) {
    if (line === "") continue;
    const found = csvCells(line);
    if (found.length !== columns.length) {
      const said = `${path}: line ${i + 2}: ${found.length} cells of ${columns.length}`;
      return { rows: [], problems: [problem("torn", said)] };
    }
    rows.push(Object.fromEntries(columns.map((name, at) => [name, found[at]!])));
  }
  return { rows };
}

/** Rows that name the same request and say the same are one, and are counted. What says otherwise of it is a contradiction. */
function distinct(rows: readonly Row[]): { rows: readonly Row[]; duplicates: number; contradicted: string | null } {
  const seen = new Map<unknown, Row>();
  let contradicted: string | null = null;
  const kept = rows.filter((row) => {
    const id = row.request_id;
    if (id === undefined || id === null || id === "") return true;
    const known = seen.get(id);
    if (known === undefined) seen.set(id, row);
    else if (contradicted === null && !isSame(known, row)) contradicted = String(id);
    return known === undefined;
  });
  return { rows: kept, duplicates: rows.length - kept.length, contradicted };
}

function isSame(one: Row, other: Row): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length &&
    keys.every((key) => one[key] === other[key] || JSON.stringify(one[key]) === JSON.stringify(other[key]));
}

const TIMES = ["timestamp", "finished", "generated_at", "created"];

/** The newest moment; null as soon as one row of several does not say when it was. */
function newest(rows: readonly Row[], document: unknown): number | null {
  const inside = isRow(document)
    ? [(document.metadata as Row | undefined)?.timestamp, (document.creationInfo as Row | undefined)?.created]
    : [];
  const own = inside.map((value) => time(value)).filter((ms) => ms !== null);
  if (own.length > 0) return Math.max(...own);
  if (rows.length === 0) return null;
  let most = -Infinity;
  for (const row of rows) {
    const at = TIMES.map((key) => time(row[key])).find((ms) => ms !== null);
    if (at === undefined) return null;
    most = Math.max(most, at!);
  }
  return most;
}

function time(value: unknown): number | null {
  const ms = typeof value === "string" ? parseTimeMs(value) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

function isRow(value: unknown): value is Row {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
