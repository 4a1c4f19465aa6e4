/** `sloctl gate eval`: a policy file, a folder of evidence, a moment and a seed in; a verdict with reasons out. */
import { createHash } from "node:crypto";
import { evaluate, type Evaluation } from "../../gate/evaluate.ts";
import type { Policy } from "../../gate/policy.ts";
import { parsePolicy } from "../../gate/policy_file.ts";
import { readInput } from "../../host/read_input.ts";
import { writeText } from "../../host/write_text.ts";
import { UsageError } from "../../model/errors.ts";
import type { Io } from "../../model/io.ts";
import { parseTimeMs } from "../../model/time.ts";
import { toJson } from "../../model/json.ts";
import { type ReadCase, readCase } from "./read_case.ts";
import { evalMarkdown, evalText } from "./eval_text.ts";

export interface EvalOptions {
  readonly policy: string | undefined;
  readonly evidence: string | undefined;
  readonly profile: string | undefined;
  /** RFC 3339; undefined: now. */
  readonly at: string | undefined;
  readonly seed: number | undefined;
  readonly trust: string | undefined;
  /** `KEY=VALUE`, before what subject.json says. */
  readonly subject: readonly string[];
  readonly outJson: string | undefined;
  readonly outMd: string | undefined;
  readonly json: boolean;
}

export interface GateResultDocument extends Omit<Evaluation, "exitCode" | "ignoredWaivers"> {
  readonly schema: "gate-result/v1";
  readonly policy: { readonly name: string; readonly version: string; readonly sha256: string };
  readonly profile: string | null;
  readonly at: string;
  readonly seed: number | null;
  readonly subject: Readonly<Record<string, unknown>>;
  readonly evidence: readonly { readonly id: string; readonly files: readonly { path: string; sha256: string }[] }[];
  readonly exit_code: number;
  readonly ignored_waivers: Evaluation["ignoredWaivers"];
  readonly ignored_statements: ReadCase["ignoredStatements"];
  /** SHA-256 of verdicts, values, intervals, methods and the digests of all that went in: the same case, the same digest. */
  readonly digest: string;
}

const MOST_BYTES = 1024 * 1024;

/** Exit code 0 pass, 1 fail, 3 inconclusive, 4 not evaluated, 5 something was altered. @throws UsageError, IoError */
export async function gateEval(options: EvalOptions, io: Io): Promise<number> {
  const { policy: policyPath, evidence } = options;
  if (policyPath === undefined || evidence === undefined) {
    const missing = policyPath === undefined ? "--policy" : "--evidence";
    throw new UsageError(`Cannot judge: ${missing} is missing`, "Give --policy FILE and --evidence DIR");
  }
  const text = await readInput(policyPath, io.stdin, MOST_BYTES);
  const { policy } = parsePolicy(text, policyPath === "-" ? "standard input" : policyPath);
  const profile = profileOf(policy, options.profile);
  const atMs = options.at === undefined ? Date.now() : parseTimeMs(options.at);
  if (Number.isNaN(atMs)) {
    throw new UsageError(`Cannot use "--at ${options.at}": it is no time`, "Write it as 2026-01-31T12:00:00Z");
  }
  const trust = options.trust === undefined ? null : await readInput(options.trust, io.stdin, MOST_BYTES);
  const given = await readCase(policy, {
    folder: evidence,
    trust,
    atMs,
    seed: options.seed ?? null,
    subject: subjectOf(options.subject),
  });
  const evaluation = evaluate(policy, given, profile);
  const document = documentOf(policy, sha256(text), profile, given, evaluation);
  const shown = options.json ? `${toJson(document, 2)}\n` : evalText(document, io);
  // An unrecorded verdict is no pass; where it cannot be written it is said, at least.
  try {
    if (options.outJson !== undefined) await writeText(options.outJson, `${toJson(document, 2)}\n`, io);
    if (options.outMd !== undefined) await writeText(options.outMd, evalMarkdown(document), io);
  } catch (error) {
    io.err(`sloctl: the verdict was ${document.verdict}; it could not be recorded\n`);
    throw error;
  }
  if (options.outJson !== "-" && options.outMd !== "-") io.out(shown);
  return evaluation.exitCode;
}

function subjectOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => {
    const [, key, value] = /^([A-Za-z0-9_]+)=(\S+)$/.exec(pair) ?? [];
    if (value === undefined) {
      throw new UsageError(`Cannot use "--subject ${pair}": it is no KEY=VALUE`, "Write --subject git_commit=abc123");
    }
    return [key!, value];
  }));
}

function profileOf(policy: Policy, name: string | undefined): string | null {
  if (name === undefined) return null;
  if (Object.hasOwn(policy.profiles, name)) return name;
  const all = Object.keys(policy.profiles).join(", ") || "none";
  throw new UsageError(`Cannot use "--profile ${name}": the policy has no such profile`, `Use one of: ${all}`);
}

function documentOf(
  policy: Policy,
  policyDigest: string,
  profile: string | null,
  given: ReadCase,
  { exitCode, ignoredWaivers, ...evaluation }: Evaluation,
): GateResultDocument {
  const evidence = [...given.evidence].map(([id, { files }]) => ({
    id,
    files: files.map(({ path, sha256 }) => ({ path, sha256 })),
  }));
  const judged = evaluation.gates.map(({ id, verdict, reason, effect, value, interval, n, method }) => [
    id,
    verdict,
    reason,
    effect,
    value,
    interval,
    n,
    method,
  ]);
  const digest = sha256(toJson([policyDigest, profile, given.subject, evidence, evaluation.verdict, judged]));
  return {
    schema: "gate-result/v1",
    verdict: evaluation.verdict,
    pass: evaluation.pass,
    exit_code: exitCode,
    policy: { name: policy.name, version: policy.version, sha256: policyDigest },
    profile,
    at: new Date(given.atMs).toISOString(),
    seed: given.seed,
    subject: given.subject,
    labels: evaluation.labels,
    waived: evaluation.waived,
    ignored_waivers: ignoredWaivers,
    ignored_statements: given.ignoredStatements,
    warnings: evaluation.warnings,
    score: evaluation.score,
    gates: evaluation.gates,
    evidence,
    digest,
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
