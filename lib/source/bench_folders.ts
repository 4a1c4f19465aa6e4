/** Benchmark folders as a gate reads them: <root>/<scenario>/run-<n>/..., or a flat baseline without run folders. */
import { IoError } from "../model/errors.ts";
import type { BaselineManifest, Run, RunProblem } from "../model/bench_run.ts";
import { parseManifest, parseProvenance, type RunProvenance } from "./bench_provenance.ts";
import { type OverheadRows, parseOverhead } from "./overhead_csv.ts";
import { readRawSamples } from "./raw_samples.ts";

export interface BenchRun {
  readonly samples: Run;
  /** SHA-256 of raw_samples.jsonl, hex. */
  readonly digest: string;
  readonly synthetic: boolean;
  readonly provenance: RunProvenance;
  readonly overhead: OverheadRows;
}

export interface Arm {
  /** In the order of their names as text. */
  readonly runs: readonly BenchRun[];
  /** Of raw samples and provenance, and of runs that are not there. */
  readonly problems: readonly RunProblem[];
}

/** Names of the scenario folders, sorted. @throws IoError when the root cannot be listed */
export function listScenarios(root: string): string[] {
  try {
    return foldersIn(root).filter((name) => !name.startsWith("."));
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

/** Those of a root that hold evidence: run folders, or samples; none where it cannot be listed. */
export function scenariosWithEvidence(root: string): string[] {
  let names: string[];
  try {
    names = listScenarios(root);
  } catch {
    return [];
  }
  return names.filter((name) =>
    runFolders(`${root}/${name}`).length > 0 || isFile(`${root}/${name}/raw_samples.jsonl`)
  );
}

/** The runs of one scenario. @param flat the scenario's folder itself may be the one run, as in older baselines */
export function readArm(root: string, scenario: string, { flat }: { readonly flat: boolean }): Arm {
  const folder = `${root}/${scenario}`;
  const names = runFolders(folder);
  if (names.length === 0 && flat && isFile(`${folder}/raw_samples.jsonl`)) {
    return armOf([readRun(folder, scenario)], []);
  }
  const problems: RunProblem[] = names.length > 0
    ? []
    : [absent(`${scenario}: nothing matches "${folder}/run-*/raw_samples.jsonl"`)];
  const runs = names.map((name) => readRun(`${folder}/${name}`, name));
  const planned = Math.max(0, ...runs.map((run) => run.read?.provenance.planned ?? 0));
  for (let n = 1; n <= planned; n++) {
    if (!names.includes(`run-${n}`)) {
      problems.push(absent(`${scenario}: there is no "${folder}/run-${n}", of ${planned} runs that were planned`));
    }
  }
  return armOf(runs, problems);
}

interface ReadRun {
  readonly read: BenchRun | null;
  readonly problems: readonly RunProblem[];
}

function armOf(runs: readonly ReadRun[], problems: readonly RunProblem[]): Arm {
  return {
    runs: runs.flatMap(({ read }) => read ?? []),
    problems: [...problems, ...runs.flatMap((run) => run.problems)],
  };
}

function absent(sentence: string): RunProblem {
  return { verdict: "not-evaluated", reason: "no-data", sentence };
}

/** Names of the folders in a folder, links to folders too, sorted as text. */
function foldersIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)]
    .filter(({ name, isDirectory, isSymlink }) => isDirectory || (isSymlink && isFolder(`${folder}/${name}`)))
    .map(({ name }) => name).sort();
}

function runFolders(folder: string): string[] {
  try {
    // A folder that was being written when its writer was killed is no run.
    return foldersIn(folder).filter((name) => name.startsWith("run-") && !/\.part-\d+$/.test(name));
  } catch {
    return [];
  }
}

function readRun(folder: string, name: string): ReadRun {
  const path = `${folder}/raw_samples.jsonl`;
  const provenance = parseProvenance(textOf(`${folder}/provenance.json`), `${folder}/provenance.json`);
  const raw = readRawSamples(path, name, provenance.window);
  if (raw === null) return { read: null, problems: [absent(`there is no "${path}"`), ...provenance.problems] };
  const declared = provenance.files["raw_samples.jsonl"];
  const altered: RunProblem[] = declared === undefined || declared === raw.digest ? [] : [{
    verdict: "integrity",
    reason: "digest",
    sentence: `"${path}" is not the file its provenance.json was written for: its SHA-256 differs`,
  }];
  const overhead = parseOverhead(textOf(`${folder}/collector_overhead.csv`), `${folder}/collector_overhead.csv`);
  return {
    read: {
      samples: raw.run,
      digest: raw.digest,
      synthetic: raw.synthetic || provenance.synthetic,
      provenance,
      overhead,
    },
    problems: [...raw.problems, ...altered, ...provenance.problems],
  };
}

/** The named manifest, else the scenario's, else the root's; null where there is none. @throws IoError when it cannot be understood */
export function readManifest(root: string, scenario: string, named: string | undefined): BaselineManifest | null {
  for (const path of named === undefined ? [`${root}/${scenario}/manifest.json`, `${root}/manifest.json`] : [named]) {
    const text = textOf(path);
    if (text === null) continue;
    const manifest = parseManifest(text, scenario);
    if (manifest !== null) return manifest;
    throw new IoError(
      `Cannot read "${path}": not a JSON object that says each key once`,
      "Write source_ref, source_commit and generated_at",
    );
  }
  return null;
}

function textOf(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return null;
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
