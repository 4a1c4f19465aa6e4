/** Everything a policy is judged by, read from one folder. */
import { readTrust, type TrustedKey, verifyEnvelope } from "../../evidence/dsse.ts";
import {
  type Case,
  type Evidence,
  type EvidenceFile,
  type Problem,
  problem,
  type Statement,
} from "../../gate/evidence.ts";
import type { EvidenceSpec, Policy } from "../../gate/policy.ts";
import { UsageError } from "../../model/errors.ts";
import { globPattern, listFiles } from "./files.ts";
import { readEvidenceFile } from "./read_file.ts";

export interface CaseOptions {
  readonly folder: string;
  /** Text of a trust/v1 file; null: no signature is trusted. */
  readonly trust: string | null;
  readonly atMs: number;
  readonly seed: number | null;
  /** What the caller says of what is to be released; goes before subject.json. */
  readonly subject?: Readonly<Record<string, string>>;
  /** Rows keep what no gate reads, too: for whoever looks for numbers that are shown and judged by nobody. */
  readonly everything?: boolean;
}

export interface ReadCase extends Case {
  /** Signed statements that do not count, and why. */
  readonly ignoredStatements: readonly { readonly file: string; readonly why: string }[];
}

/** @throws IoError when the folder cannot be read, UsageError for a trust file that is none */
export async function readCase(policy: Policy, options: CaseOptions): Promise<ReadCase> {
  const { folder, trust, atMs, seed } = options;
  const keep = options.everything === true ? null : columnsOf(policy);
  const files = listFiles(folder);
  const evidence = new Map<string, Evidence>();
  for (const spec of policy.evidence) evidence.set(spec.id, readEvidence(folder, files, spec, keep));
  const documents = new Map<string, unknown>();
  for (const path of namedFiles(policy)) {
    if (files.includes(path)) documents.set(path, readEvidenceFile(folder, path, "report-import/v1").document);
  }
  const subject = files.includes("subject.json")
    ? readEvidenceFile(folder, "subject.json", "report-import/v1").document
    : undefined;
  const { statements, ignoredStatements } = await readStatements(folder, files, trust, atMs);
  return {
    evidence,
    documents,
    subject: { ...(typeof subject === "object" && subject !== null ? subject : {}), ...options.subject },
    statements,
    ignoredStatements,
    atMs,
    seed,
  };
}

/** Members of a row that say what it is, whatever a policy asks. */
const ALWAYS =
  "timestamp finished generated_at created request_id synthetic origin scenario run outcome trials failures";

/** Members of rows that the policy's gates read. */
function columnsOf({ gates }: Policy): ReadonlySet<string> {
  const names = gates.flatMap((gate) => [
    ...("field" in gate && gate.field !== null ? [gate.field] : []),
    ...("ratio" in gate && gate.ratio !== null ? [gate.ratio.good, gate.ratio.total] : []),
    ...("by" in gate ? gate.by : []),
    ...(gate.kind === "trend" ? [gate.per] : []),
    ...(gate.kind === "coverage" ? Object.keys(gate.over) : []),
  ]);
  return new Set([...ALWAYS.split(" "), ...names, ...names.map((name) => name.split(".")[0]!)]);
}

/** Files that gates name beside their evidence. */
function namedFiles(policy: Policy): string[] {
  const baselines = policy.gates.flatMap((gate) => gate.kind === "contract" ? [gate.baseline] : []);
  return [...new Set([...baselines, ...policy.evidence.flatMap(({ provenance }) => provenance?.manifest ?? [])])];
}

function readEvidence(
  folder: string,
  all: readonly string[],
  spec: EvidenceSpec,
  keep: ReadonlySet<string> | null,
): Evidence {
  if (spec.glob === null) {
    const said = `evidence of type ${spec.type} is in no file, and this version reads files`;
    return { spec, files: [], problems: [problem("not-read", said)] };
  }
  const pattern = globPattern(spec.glob);
  const files: EvidenceFile[] = [];
  // One after the other: bytes and text of a file are gone before the next one is read.
  for (const path of all.filter((path) => pattern.test(path))) {
    files.push(readEvidenceFile(folder, path, spec.type, keep));
  }
  return { spec, files, problems: incomplete(spec, files) };
}

/** What was declared and is not there: it is named, and nothing passes without it. */
function incomplete({ id, glob, expect }: EvidenceSpec, files: readonly EvidenceFile[]): Problem[] {
  if (files.length === 0) return [problem("no-data", `no file is ${glob} (evidence ${id})`)];
  const problems: Problem[] = [];
  if (expect.files !== null && files.length < expect.files) {
    problems.push(problem("missing-files", `${files.length} of ${expect.files} files are ${glob}`));
  }
  const byScenario = Map.groupBy(files, ({ scenario }) => scenario);
  for (const scenario of expect.scenarios) {
    if (!byScenario.has(scenario)) {
      problems.push(problem("missing-scenario", `there is no run of ${scenario} (${glob})`));
    }
  }
  if (expect.runs === null) return problems;
  for (const [scenario, own] of byScenario) {
    const runs = new Set(own.map(({ run }) => run).filter((run) => run !== ""));
    if (runs.size >= expect.runs) continue;
    const missing = Array.from({ length: expect.runs }, (_, i) => `run-${i + 1}`).filter((run) => !runs.has(run));
    const where = scenario === "" ? "" : ` of ${scenario}`;
    problems.push(
      problem("missing-runs", `${runs.size} of ${expect.runs} runs${where}: no ${missing.slice(0, 5).join(", ")}`),
    );
  }
  return problems;
}

async function readStatements(
  folder: string,
  files: readonly string[],
  trust: string | null,
  atMs: number,
): Promise<{ statements: Statement[]; ignoredStatements: { file: string; why: string }[] }> {
  const trusted = trust === null ? [] : await keysOf(trust);
  const statements: Statement[] = [];
  const ignoredStatements: { file: string; why: string }[] = [];
  const pattern = globPattern("attestations/*.dsse.json");
  for (const file of files.filter((path) => pattern.test(path))) {
    const verified = trust === null
      ? { refused: "no trust file was given" }
      : await verifyEnvelope(await Deno.readTextFile(`${folder}/${file}`), trusted, atMs);
    if ("refused" in verified) {
      ignoredStatements.push({ file, why: verified.refused });
      continue;
    }
    const role = String(verified.predicate.role ?? "");
    const own = verified.keys.filter(({ roles }) => roles.includes(role));
    if (own.length === 0) ignoredStatements.push({ file, why: `its key may not speak for the role "${role}"` });
    const { predicateType, predicate, subjects } = verified;
    statements.push(...own.map(({ keyid }) => ({ role, keyid, predicateType, predicate, subjects })));
  }
  return { statements, ignoredStatements };
}

async function keysOf(trust: string): Promise<TrustedKey[]> {
  try {
    return await readTrust(trust);
  } catch (error) {
    throw new UsageError(`Cannot use the trust file: ${(error as Error).message}`, "Give a trust/v1 file");
  }
}
