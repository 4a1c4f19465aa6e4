/** `sloctl loadgen`: open-loop streaming load on any OpenAI-compatible endpoint, and what came of every planned arrival. */
import { monotonicNs } from "../host/clock.ts";
import { drive } from "../load/drive.ts";
import { figures } from "../load/report.ts";
import { type Arrival, drawSchedule, type Process } from "../load/schedule.ts";
import type { RequestRecord } from "../load/stream_request.ts";
import { EXIT, IoError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { LOAD_PROFILES, type LoadProfileName } from "../model/load_profile.ts";
import { count, ms } from "../report/format.ts";
import { progressLine } from "../report/progress.ts";
import { writeLines } from "./lines.ts";
import { closeLoadReport, writeLoadArtifacts } from "./loadgen_artifacts.ts";

export interface LoadgenOptions {
  /** Base URL. */
  readonly target: string | undefined;
  readonly path: string;
  readonly model: string;
  readonly profile: LoadProfileName;
  /** Undefined: the profile's. */
  readonly rps: number | undefined;
  readonly durationS: number;
  readonly warmupS: number;
  readonly seed: number;
  readonly arrival: Process;
  readonly maxInFlight: number | undefined;
  readonly timeoutMs: number;
  /** `name: value` each. */
  readonly headers: readonly string[];
  /** Folder; undefined: nothing is written. */
  readonly out: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Exit code 0; 3 when the load was not delivered; 4 when no request ended well. @throws UsageError, IoError */
export async function loadgen(options: LoadgenOptions, io: Io): Promise<number> {
  const profile = LOAD_PROFILES[options.profile];
  const requestsPerSecond = options.rps ?? profile.requestsPerSecond;
  check(options, requestsPerSecond);
  const seconds = options.warmupS + options.durationS;
  const schedule = drawSchedule({ process: options.arrival, requestsPerSecond, seconds, seed: options.seed, profile });
  if (options.dryRun) {
    const lines = schedule.map(scheduleLine);
    await writeLines(options.out === undefined ? "-" : `${options.out}/schedule.jsonl`, lines, io);
    io.err(`sloctl: ${count(schedule.length)} arrivals planned, none sent\n`);
    return EXIT.ok;
  }
  const url = endpoint(options.target, options.path);
  const headers = Object.fromEntries(options.headers.map(header));
  const records: RequestRecord[] = [];
  using progress = progressLine(io);
  const driven = await drive({
    target: { url, model: options.model, timeoutMs: options.timeoutMs, headers, now: monotonicNs, stop: io.stop },
    schedule,
    maxInFlight: options.maxInFlight ?? null,
    onRecord: (record) => {
      records.push(record);
      progress.update(`${count(records.length)} of ${count(schedule.length)} arrivals over`);
    },
  });
  records.sort((a, b) => a.id - b.id);
  progress.done();
  const inWindow = records.filter((record) => record.g_ns - driven.startNs >= options.warmupS * 1e9);
  const report = closeLoadReport({ url, requestsPerSecond, options, records: inWindow, loopLagMs: driven.loopLagMs });
  if (options.out !== undefined) {
    await writeLoadArtifacts(options.out, schedule.map(scheduleLine), records, inWindow, report);
  }
  if (options.json) io.out(`${JSON.stringify(report, null, 2)}\n`);
  else io.out(words(inWindow, report.delivered));
  io.stop.throwIfAborted();
  if (report.outcomes.ok === 0) {
    const [first] = records;
    throw new IoError(
      `Cannot judge "${url}": no request ended well (${first?.error_type ?? "none was sent"})`,
      "Check the target",
    );
  }
  return report.delivered ? EXIT.ok : EXIT.unsupported;
}

function scheduleLine({ id, g_ns, n_in, n_out }: Arrival): Record<string, number> {
  return { id, g_ns, n_in, n_out };
}

function check(options: LoadgenOptions, rps: number): void {
  const positive: [string, number | undefined][] = [
    ["rps", rps],
    ["duration-sec", options.durationS],
    ["timeout-ms", options.timeoutMs],
    ["max-in-flight", options.maxInFlight],
  ];
  for (const [name, value] of positive) {
    if (value === undefined || value > 0) continue;
    throw new UsageError(`Cannot use "--${name} ${value}": it must be more than 0`, `Give a larger --${name}`);
  }
  if (options.warmupS < 0) {
    throw new UsageError(`Cannot warm up for "${options.warmupS} s": it is negative`, "Give 0 or more");
  }
}

function endpoint(target: string | undefined, path: string): string {
  if (target === undefined) {
    throw new UsageError(
      "Cannot send load: no target is named",
      "Give --target URL, such as the one `sloctl lab up` prints",
    );
  }
  const url = URL.canParse(target) ? new URL(target) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      `Cannot send load to "${target}": it is no http URL`,
      "Give one such as http://127.0.0.1:8080",
    );
  }
  return url.href.replace(/\/$/, "") + path;
}

function header(text: string): [string, string] {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined) {
    throw new UsageError(`Cannot send header "${text}": it is not NAME:VALUE`, "Write --header x-a:b");
  }
  return [name, value!];
}

function words(records: readonly RequestRecord[], delivered: boolean): string {
  const at = (def: string, stat: string) => figures(records).find((f) => f.def === def && f.stat === stat)?.value;
  const ok = records.filter((record) => record.outcome === "ok").length;
  const rows = [
    "ttft.content.from_schedule",
    "ttft.content.from_send",
    "e2e.body.from_schedule",
    "gap.chunk",
    "lag.schedule",
  ];
  return `${ok} of ${records.length} requests ok${delivered ? "" : "; the load was not delivered as planned"}\n` +
    rows.map((def) =>
      `  ${def.padEnd(28)} p50 ${ms(at(def, "p50"))}  p95 ${ms(at(def, "p95"))}  p99 ${ms(at(def, "p99"))}\n`
    ).join("");
}
