/** `sloctl loadgen`: load on any OpenAI-compatible or plain HTTP endpoint, and what came of every planned arrival. */
import { monotonicNs, readClocks } from "../host/clock.ts";
import type { Plan } from "../load/arrival.ts";
import type { LoopRecord } from "../load/record_log.ts";
import { runLoad } from "../load/run_load.ts";
import { EXIT, IoError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { plural } from "../report/format.ts";
import { progressLine } from "../report/progress.ts";
import { readDocumentFiles } from "./documents_input.ts";
import { writeLines } from "./lines.ts";
import { makeFolder, scheduleLine, writeLoadArtifacts } from "./loadgen/artifacts.ts";
import { checkOptions } from "./loadgen/check.ts";
import { joinByTrace } from "./loadgen/joined.ts";
import { inNs, poolOf, timeoutsOf } from "./loadgen/limits.ts";
import type { LoadgenOptions } from "./loadgen/options.ts";
import { planOf } from "./loadgen/plan.ts";
import { progressWords } from "./loadgen/progress.ts";
import type { LoadReport, Ran } from "./loadgen/load_report.ts";
import { judged, reportOf, windowOf } from "./loadgen/report.ts";
import { sendSpans } from "./loadgen/spans.ts";
import { judgeSlo, slosOf } from "./loadgen/slo.ts";
import { targetOf } from "./loadgen/target.ts";
import { terminalReport } from "./loadgen/terminal.ts";
import { type TokenCount, tokenize } from "./loadgen/tokenize.ts";

export type { LoadgenOptions } from "./loadgen/options.ts";

/**
 * Exit code 0; 1 when an objective was missed; 3 when the load was not delivered or the client was not innocent; 4 when no
 * request ended well. @throws UsageError, IoError; the reason of `io.stop` after the report of what was done until then
 */
export async function loadgen(options: LoadgenOptions, io: Io): Promise<number> {
  checkOptions(options);
  const slos = await slosOf(options, io);
  const planned = await planOf(options, io);
  if (options.dryRun) return await dryRun(planned.plan, options, io);
  if (options.out !== undefined) await makeFolder(options.out);
  const runId = crypto.randomUUID();
  const target = await targetOf(options, runId);
  const pool = poolOf(options, planned.plan);
  const timeouts = timeoutsOf(options);
  const anchor = readClocks();
  const totalS = planned.seconds.warmup + planned.seconds.window + planned.seconds.cooldown;
  using progress = progressLine(io);
  const loaded = await runLoad(
    {
      plan: planned.plan,
      api: target.shape.api,
      endpoint: target.endpoint,
      transport: options.transport,
      shape: target.shape,
      timeouts: inNs(timeouts),
      pool,
      maxInFlight: options.maxInFlight ?? null,
      keepText: options.tokenizer !== undefined,
      ...(target.ownSlo !== undefined && { ownSlo: target.ownSlo }),
    },
    io.stop,
    (control) => progress.update(progressWords(control, monotonicNs(), totalS)),
  );
  const anchorAfter = readClocks();
  // Whatever goes wrong from here on, the run itself is not lost.
  const counted = await countTokens(options, loaded.records, io);
  progress.done();
  const run = { ...loaded, records: counted.records };
  const ran: Ran = {
    options,
    planned,
    target,
    pool,
    timeouts,
    runId,
    anchor,
    anchorAfter,
    run,
    tokenizer: counted.count,
  };
  const records = judged(ran);
  const judging = { edges: options.edges, closed: planned.plan.loop === "closed" };
  const report = reportOf(ran, records, slos.map((slo) => judgeSlo(slo, records, windowOf(ran), judging)));
  const unwritten = options.out === undefined ? null : await written(options.out, ran, report);
  if (options.json) io.out(`${toJson(report, 2)}\n`);
  else io.out(terminalReport(report, records, { width: io.columns, color: io.color }));
  if (unwritten !== null) throw unwritten;
  if (options.out !== undefined && !options.json) io.err(`sloctl: report written to ${options.out}\n`);
  io.stop.throwIfAborted();
  if (counted.error !== null) throw counted.error;
  if (options.join.length > 0) await writeJoined(options, ran, io);
  if (options.otlpEndpoint !== undefined) {
    const sent = await sendSpans(options.otlpEndpoint, ran, io.stop);
    io.err(`sloctl: ${plural(sent, "span")} sent\n`);
  }
  return exitCode(report);
}

/** Null, or why not: the report is still to be printed then. */
async function written(folder: string, ran: Ran, report: LoadReport): Promise<IoError | null> {
  try {
    await writeLoadArtifacts(folder, ran, report);
    return null;
  } catch (error) {
    if (error instanceof IoError) return error;
    throw error;
  }
}

interface Counted {
  readonly records: readonly LoopRecord[];
  readonly count: TokenCount | null;
  readonly error: IoError | null;
}

async function countTokens(
  { tokenizer, model }: LoadgenOptions,
  records: readonly LoopRecord[],
  io: Io,
): Promise<Counted> {
  if (tokenizer === undefined || io.stop.aborted) return { records, count: null, error: null };
  try {
    return { ...await tokenize(tokenizer, model, records, io.stop), error: null };
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    return { records, count: null, error };
  }
}

/** Read only now: an agent that writes beside the load has seen all of it. */
async function writeJoined(options: LoadgenOptions, ran: Ran, io: Io): Promise<void> {
  const { records } = ran.run;
  const joined = joinByTrace(records, await readDocumentFiles(options.join, io), ran.anchorAfter);
  await writeLines(`${options.out}/joined.jsonl`, joined, { out: io.out, stop: new AbortController().signal });
  io.err(`sloctl: ${plural(joined.length, "request")} of ${records.length} joined with spans or kernel events\n`);
}

async function dryRun(plan: Plan, options: LoadgenOptions, io: Io): Promise<number> {
  if (options.out !== undefined) await makeFolder(options.out);
  await writeLines(
    options.out === undefined ? "-" : `${options.out}/schedule.jsonl`,
    plan.arrivals.map(scheduleLine),
    io,
  );
  io.err(`sloctl: ${plural(plan.arrivals.length, "arrival")} planned, none sent\n`);
  return EXIT.ok;
}

function exitCode(report: LoadReport): number {
  switch (report.verdict) {
    case "fail":
      return EXIT.gateSaidNo;
    case "inconclusive":
      return EXIT.unsupported;
    case "no_data": {
      const [first] = report.errors;
      throw new IoError(
        `Cannot judge "${report.target}": no request ended well (${first?.error_type ?? "none was sent"})`,
        first?.detail ?? "Check the target",
      );
    }
    default:
      return EXIT.ok;
  }
}
