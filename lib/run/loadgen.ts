/** `sloctl loadgen`: load on any OpenAI-compatible or plain HTTP endpoint, and what came of every planned arrival. */
import { monotonicNs, readClocks } from "../host/clock.ts";
import type { Plan, Timeouts } from "../load/arrival.ts";
import type { PoolSize } from "../load/pool.ts";
import type { RequestRecord } from "../model/request_record.ts";
import { runLoad } from "../load/run_load.ts";
import { EXIT, IoError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { plural } from "../report/format.ts";
import { progressLine } from "../report/progress.ts";
import { readDocumentFiles } from "./documents_input.ts";
import { writeLines } from "./lines.ts";
import { scheduleLine, writeLoadArtifacts } from "./loadgen/artifacts.ts";
import { checkOptions } from "./loadgen/check.ts";
import { joinByTrace } from "./loadgen/joined.ts";
import type { LoadgenOptions } from "./loadgen/options.ts";
import { planOf } from "./loadgen/plan.ts";
import { progressWords } from "./loadgen/progress.ts";
import { judged, type LoadReport, type Ran, reportOf, windowOf } from "./loadgen/report.ts";
import { sendSpans } from "./loadgen/spans.ts";
import { judgeSlo, slosOf } from "./loadgen/slo.ts";
import { targetOf } from "./loadgen/target.ts";
import { terminalReport } from "./loadgen/terminal.ts";

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
  const runId = crypto.randomUUID();
  const target = await targetOf(options, runId);
  const pool = poolOf(options, planned.plan);
  const timeouts = timeoutsOf(options);
  const anchor = readClocks();
  const totalS = planned.seconds.warmup + planned.seconds.window + planned.seconds.cooldown;
  using progress = progressLine(io);
  const run = await runLoad(
    {
      plan: planned.plan,
      api: target.shape.api,
      endpoint: target.endpoint,
      transport: options.transport,
      shape: target.shape,
      timeouts: {
        connectNs: timeouts.connect * 1e6,
        firstByteNs: timeouts.first_byte * 1e6,
        idleNs: timeouts.idle * 1e6,
        totalNs: timeouts.total * 1e6,
      } satisfies Timeouts,
      pool,
      maxInFlight: options.maxInFlight ?? null,
      keepText: false,
      ...(target.ownSlo !== undefined && { ownSlo: target.ownSlo }),
    },
    io.stop,
    (control) => progress.update(progressWords(control, monotonicNs(), totalS)),
  );
  progress.done();
  const ran: Ran = { options, planned, target, pool, timeouts, runId, anchor, anchorAfter: readClocks(), run };
  const records = judged(ran);
  const judging = { edges: options.edges, closed: planned.plan.loop === "closed" };
  const report = reportOf(ran, records, slos.map((slo) => judgeSlo(slo, records, windowOf(ran), judging)));
  if (options.out !== undefined) await writeLoadArtifacts(options.out, ran, report);
  if (options.join.length > 0) await writeJoined(options, run.records, ran, io);
  if (options.json) io.out(`${toJson(report, 2)}\n`);
  else io.out(terminalReport(report, records, { width: io.columns, color: io.color }));
  if (options.out !== undefined && !options.json) io.err(`sloctl: report written to ${options.out}\n`);
  io.stop.throwIfAborted();
  if (options.otlpEndpoint !== undefined) {
    io.err(
      `sloctl: ${
        plural(await sendSpans(options.otlpEndpoint, ran, io.stop), "span")
      } sent to ${options.otlpEndpoint}\n`,
    );
  }
  return exitCode(report);
}

/** Read only now: an agent that writes beside the load has seen all of it. */
async function writeJoined(
  options: LoadgenOptions,
  records: readonly RequestRecord[],
  ran: Ran,
  io: Io,
): Promise<void> {
  const joined = joinByTrace(records, await readDocumentFiles(options.join, io), ran.anchorAfter);
  await writeLines(`${options.out}/joined.jsonl`, joined, { out: io.out, stop: new AbortController().signal });
  io.err(`sloctl: ${plural(joined.length, "request")} of ${records.length} joined with spans or kernel events\n`);
}

async function dryRun(plan: Plan, options: LoadgenOptions, io: Io): Promise<number> {
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

/** An open loop grows its pool ahead of need, to this bound at most. */
const DEFAULT_BOUND = 1024;
const SPARE_S = 0.05;

function poolOf(options: LoadgenOptions, plan: Plan): PoolSize {
  if (options.connections !== undefined) return { bound: options.connections, spare: 0, declared: true };
  if (plan.loop === "closed") return { bound: plan.concurrency, spare: 0, declared: true };
  const last = plan.arrivals[plan.arrivals.length - 1]?.g_ns ?? 0;
  const rate = plan.arrivals.length / Math.max(1, last / 1e9);
  return { bound: DEFAULT_BOUND, spare: Math.min(64, Math.max(4, Math.ceil(rate * SPARE_S))), declared: false };
}

const DEFAULT_CONNECT_MS = 10_000;

function timeoutsOf(options: LoadgenOptions): LoadReport["limits"]["timeout_ms"] {
  const total = options.timeoutMs;
  return {
    connect: options.connectTimeoutMs ?? Math.min(DEFAULT_CONNECT_MS, total),
    first_byte: options.firstByteTimeoutMs ?? total,
    idle: options.idleTimeoutMs ?? total,
    total,
  };
}
