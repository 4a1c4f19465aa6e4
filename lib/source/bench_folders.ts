/** Benchmark folders as a gate reads them: <root>/<scenario>/run-<n>/..., or a flat baseline without run folders. */
import { IoError } from "../model/errors.ts";

export interface BenchRun {
  readonly name: string;
  readonly ttftMs: readonly number[];
  readonly tokensPerSecond: readonly number[];
  readonly errors: readonly number[];
  readonly synthetic: boolean;
  /** SHA-256 of raw_samples.jsonl, hex. */
  readonly digest: string;
  /** CPU per cent by node; null without the file. */
  readonly overhead: ReadonlyMap<string, readonly number[]> | null;
  /** From provenance.json: overhead that was not measured is named, with its reason. */
  readonly overheadUnmeasured: string | null;
}

export interface Manifest {
  readonly source_ref: string;
  readonly source_commit: string;
  readonly generated_at: string;
  readonly origin?: string;
}

/** Names of the scenario folders, sorted. @throws IoError when the root cannot be listed */
export function listScenarios(root: string): string[] {
  try {
    return [...Deno.readDirSync(root)].filter((entry) => entry.isDirectory).map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new IoError(`Cannot read "${root}": there is no such folder`, "Check the path");
    }
    throw new IoError(
      `Cannot read "${root}": it is no folder that can be listed`,
      "Name the folder that holds one folder per scenario",
    );
  }
}

/** The runs of one scenario, in the order of their names as text; none where there is nothing. @throws IoError */
export async function readRuns(root: string, scenario: string): Promise<BenchRun[]> {
  const folder = `${root}/${scenario}`;
  let names: string[];
  try {
    names = [...Deno.readDirSync(folder)].filter(({ name, isDirectory }) => isDirectory && name.startsWith("run-"))
      .map(({ name }) => name).sort();
  } catch {
    return [];
  }
  const runs = await Promise.all((names.length > 0 ? names : ["."]).map((name) => readRun(`${folder}/${name}`, name)));
  return runs.filter((run) => run !== null);
}

/** null without raw samples. */
async function readRun(folder: string, name: string): Promise<BenchRun | null> {
  const path = `${folder}/raw_samples.jsonl`;
  const bytes = await Deno.readFile(path).catch(() => null);
  if (bytes === null) return null;
  const rows = new TextDecoder().decode(bytes).split("\n").map((line, i) => ({ line, i })).filter(({ line }) =>
    line.trim() !== ""
  )
    .map(({ line, i }) => sample(line, `"${path}": line ${i + 1}`));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return {
    name,
    ttftMs: rows.map((row) => row.ttft_ms),
    tokensPerSecond: rows.map((row) => row.token_throughput_tps),
    errors: rows.map((row) => row.error_rate),
    synthetic: rows.some((row) => row.synthetic),
    digest: hash.toHex(),
    overhead: await readOverhead(`${folder}/collector_overhead.csv`),
    overheadUnmeasured: await unmeasured(`${folder}/provenance.json`),
  };
}

interface Row {
  readonly ttft_ms: number;
  readonly token_throughput_tps: number;
  readonly error_rate: number;
  readonly synthetic: boolean;
}

/** A torn or foreign line is no evidence: the file as a whole is refused, with its place. */
function sample(line: string, place: string): Row {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line);
  } catch {
    throw new IoError(`Cannot read ${place}: not JSON`, "Get the whole file");
  }
  if (typeof value !== "object" || value === null) {
    throw new IoError(`Cannot read ${place}: not an object`, "Get the whole file");
  }
  if (value.schema !== undefined && value.schema !== "raw_sample/v1") {
    throw new IoError(
      `Cannot read ${place}: of schema "${value.schema}", which this version does not know`,
      "Use a newer sloctl",
    );
  }
  // An absent field is not 0: it is no number, and no verdict passes on it.
  const number = (key: string) => typeof value[key] === "number" ? value[key] as number : NaN;
  if (number("ttft_ms") < 0) throw new IoError(`Cannot read ${place}: a negative ttft_ms`, "Find out what wrote it");
  return {
    ttft_ms: number("ttft_ms"),
    token_throughput_tps: number("token_throughput_tps"),
    error_rate: number("error_rate"),
    synthetic: value.synthetic === true,
  };
}

async function readOverhead(path: string): Promise<Map<string, number[]> | null> {
  const text = await Deno.readTextFile(path).catch(() => null);
  if (text === null) return null;
  const [head = "", ...lines] = text.split(/\r?\n/).filter((line) => line !== "");
  const columns = head.split(",");
  const [node, cpu] = [columns.indexOf("node"), columns.indexOf("collector_cpu_pct")];
  if (node < 0 || cpu < 0) throw new IoError(`Cannot read "${path}": it has no node or collector_cpu_pct column`);
  const byNode = new Map<string, number[]>();
  for (const line of lines) {
    const cells = line.split(",");
    const cell = cells[cpu] ?? "";
    const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(cell) ? Number(cell) : NaN;
    const name = cells[node] ?? "";
    byNode.set(name, [...(byNode.get(name) ?? []), value]);
  }
  return byNode;
}

async function unmeasured(path: string): Promise<string | null> {
  try {
    const { overhead } = JSON.parse(await Deno.readTextFile(path)) as {
      overhead?: { measured?: boolean; reason?: string };
    };
    return overhead?.measured === false ? overhead.reason ?? "not measured" : null;
  } catch {
    return null; // older runs have none, which blocks nothing
  }
}

/** The named manifest, else the scenario's, else the root's; null where there is none. @throws IoError when it cannot be understood */
export async function readManifest(
  root: string,
  scenario: string,
  named: string | undefined,
): Promise<Manifest | null> {
  for (const path of named === undefined ? [`${root}/${scenario}/manifest.json`, `${root}/manifest.json`] : [named]) {
    const text = await Deno.readTextFile(path).catch(() => null);
    if (text === null) continue;
    try {
      return JSON.parse(text) as Manifest;
    } catch {
      throw new IoError(`Cannot read "${path}": not JSON`, "Write source_ref, source_commit and generated_at");
    }
  }
  return null;
}
