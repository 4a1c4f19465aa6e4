/** `sloctl m5gate`: may this candidate be released, by its benchmark folders and those of a baseline. */
import { conclude, type Problem } from "../gate/m5.ts";
import { judgeOverhead } from "../gate/overhead.ts";
import type { Verdict } from "../gate/verdict.ts";
import { writeText } from "../host/write_text.ts";
import { EXIT, IoError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { gather } from "./m5gate_evidence.ts";
import { checked, type M5Options, parametersOf, ROUGH_REPLICATES } from "./m5gate_options.ts";
import { annotations, type Judgement, lines, markdown, svg } from "./m5gate_summary.ts";

export type { M5Options };

const CODE: Readonly<Record<Verdict | "integrity", number>> = {
  pass: EXIT.ok,
  fail: EXIT.gateSaidNo,
  inconclusive: EXIT.unsupported,
  "not-evaluated": EXIT.io,
  integrity: EXIT.integrity,
};

/**
 * Exit code 0 pass, 1 fail, 3 inconclusive, 4 not evaluated, 5 a file is not what it says it is. The summary is written for each.
 *
 * @throws UsageError; IoError when an output cannot be written (the verdict then stands on standard error)
 */
export async function m5gate(options: M5Options, io: Io): Promise<number> {
  const roots = checked(options);
  if (options.bootstrapIters < ROUGH_REPLICATES) {
    io.err(`sloctl: --bootstrap-iters ${options.bootstrapIters} gives rough limits; 2000 is the usual\n`);
  }
  const evidence = gather(roots, options, io);
  const overhead = judgeOverhead(evidence.overheadByNode, evidence.unmeasured, options);
  const conclusion = conclude(evidence.findings, overhead, evidence.problems, options);
  const judgement: Judgement = { conclusion, overhead, parameters: options };
  const { verdict, pass, outcomes, baseline, variance, significance, comparisons, failures, notes, settle } =
    conclusion;
  const summary = {
    schema: "m5_gate_summary/v1",
    generated_at: options.now,
    candidate_root: roots.candidateRoot,
    baseline_root: roots.baselineRoot,
    candidate: { ref: options.candidateRef, commit: options.candidateCommit },
    mode: options.mode,
    profile: options.profile,
    parameters: parametersOf(options),
    scenarios: evidence.scenarios,
    baseline,
    overhead: { ...overhead, pass: overhead.verdict === "pass" },
    variance,
    significance,
    comparisons,
    verdict,
    outcomes,
    pass,
    failures,
    notes,
    settle,
  };
  await write(judgement, `${toJson(summary, 2)}\n`, options, io);
  if (evidence.rootError !== null) throw evidence.rootError;
  if (![options.outJson, options.outMd, options.outSvg].includes("-")) tell(judgement, evidence.problems, io);
  if (options.profile === "pr" && verdict === "inconclusive") {
    io.err("sloctl: inconclusive is let through by --profile pr; a release would be blocked\n");
    return EXIT.ok;
  }
  return CODE[verdict];
}

/** @throws IoError when one of them cannot be written: what is not recorded is no pass, so the verdict goes to standard error */
async function write(judgement: Judgement, json: string, options: M5Options, io: Io): Promise<void> {
  const text = markdown(judgement);
  const stepSummary = io.env("GITHUB_STEP_SUMMARY");
  try {
    if (options.outJson !== undefined) await writeText(options.outJson, json, io);
    if (options.outMd !== undefined) await writeText(options.outMd, text, io);
    if (options.outSvg !== undefined) await writeText(options.outSvg, svg(judgement), io);
    if (stepSummary !== undefined && stepSummary !== "") await append(stepSummary, text);
  } catch (error) {
    io.err(`sloctl: the verdict, which could not be written: ${judgement.conclusion.verdict}\n`);
    throw error;
  }
  if (io.env("GITHUB_ACTIONS") === "true") io.err(annotations(judgement));
}

/** A damaged file: then there is no result to print, only what is wrong. */
const DAMAGED = ["torn", "unreadable", "unknown-schema", "negative", "digest"];

function tell(judgement: Judgement, problems: readonly Problem[], io: Io): void {
  const damage = problems.filter(({ reason }) => DAMAGED.includes(reason));
  if (damage.length === 0) return io.out(lines(judgement));
  for (const { sentence } of damage) io.err(`sloctl: Cannot judge: ${sentence}\n`);
  io.err(`  hint: Get the whole files; the verdict is ${judgement.conclusion.verdict}\n`);
}

/** Behind what earlier steps wrote, which need not end its last line. */
async function append(path: string, text: string): Promise<void> {
  try {
    const before = await Deno.readTextFile(path).catch(() => "");
    const apart = before === "" || before.endsWith("\n") ? "" : "\n";
    await Deno.writeTextFile(path, apart + text, { append: true });
  } catch (error) {
    throw new IoError(`Cannot write the step summary "${path}": ${(error as Error).message}`);
  }
}
