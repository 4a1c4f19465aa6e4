/** What a load run leaves in its folder, and the report that says how far its figures may be trusted. */
import { type Figure, figures, outcomes, valuesOf } from "../load/report.ts";
import type { RequestRecord } from "../load/stream_request.ts";
import { IoError } from "../model/errors.ts";
import { toJson } from "../model/json.ts";
import { ecdfSvg } from "../report/ecdf_svg.ts";
import { markdownTable } from "../report/markdown.ts";
import { quantile } from "../stats/describe.ts";
import type { LoadgenOptions } from "./loadgen.ts";

export interface LoadReport {
  readonly schema: "load-report/v1";
  readonly loop: "open";
  readonly target: string;
  readonly profile: string;
  readonly arrival: string;
  readonly seed: number;
  readonly seconds: { readonly warmup: number; readonly window: number };
  /** Requests a second: planned, sent, and ended well. */
  readonly rates: { readonly offered: number; readonly sent: number; readonly achieved: number };
  readonly max_in_flight: number | null;
  /** At least 99 % of what was planned was sent, or a declared cap dropped it. */
  readonly delivered: boolean;
  readonly outcomes: ReturnType<typeof outcomes>;
  /** Where a stamp of sending stands: before the call of the HTTP client, which hides the first byte. */
  readonly send_stamp: "pre_call";
  readonly client_loop_lag_ms: { readonly p50: number; readonly p99: number; readonly max: number; readonly n: number };
  readonly figures: readonly Figure[];
}

const DELIVERED = 0.99;

export function closeLoadReport(run: {
  readonly url: string;
  readonly requestsPerSecond: number;
  readonly options: LoadgenOptions;
  readonly records: readonly RequestRecord[];
  readonly loopLagMs: readonly number[];
}): LoadReport {
  const { options, records, loopLagMs } = run;
  const per = (n: number) => n / options.durationS;
  const sent = records.filter((record) => record.s_ns !== null).length;
  const counts = outcomes(records);
  return {
    schema: "load-report/v1",
    loop: "open",
    target: run.url,
    profile: options.profile,
    arrival: options.arrival,
    seed: options.seed,
    seconds: { warmup: options.warmupS, window: options.durationS },
    rates: { offered: per(records.length), sent: per(sent), achieved: per(counts.ok) },
    max_in_flight: options.maxInFlight ?? null,
    delivered: sent + (options.maxInFlight === undefined ? 0 : counts.dropped) >= DELIVERED * records.length,
    outcomes: counts,
    send_stamp: "pre_call",
    client_loop_lag_ms: {
      p50: quantile(loopLagMs, 0.5),
      p99: quantile(loopLagMs, 0.99),
      max: quantile(loopLagMs, 1),
      n: loopLagMs.length,
    },
    figures: figures(records),
  };
}

/** @throws IoError when the folder cannot be written */
export async function writeLoadArtifacts(
  folder: string,
  schedule: readonly unknown[],
  records: readonly RequestRecord[],
  inWindow: readonly RequestRecord[],
  report: LoadReport,
): Promise<void> {
  const lines = (rows: readonly unknown[]) => rows.map((row) => `${toJson(row)}\n`).join("");
  const files: Readonly<Record<string, string>> = {
    "schedule.jsonl": lines(schedule),
    "requests.jsonl": lines(records),
    "report.json": `${toJson(report, 2)}\n`,
    "report.md": markdown(report),
    "report.svg": ecdfSvg("ttft.content.from_schedule", "ms", valuesOf("ttft.content.from_schedule", inWindow)),
    "summary.csv": csv(report.figures),
  };
  try {
    await Deno.mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
  } catch (error) {
    throw new IoError(
      `Cannot write "${folder}": ${(error as Error).message}`,
      "Choose a folder you may write to with --out",
    );
  }
}

function csv(rows: readonly Figure[]): string {
  const head = "def,stat,value,unit,rule,over,n\n";
  return head + rows.map((f) => `${f.def},${f.stat},${f.value},${f.unit},${f.rule},${f.over},${f.n}\n`).join("");
}

function markdown(report: LoadReport): string {
  const { rates, outcomes } = report;
  const shown = report.figures.filter((f) => ["p50", "p95", "p99"].includes(f.stat));
  return `# Load on ${report.target}\n\n` +
    `${report.profile}, ${report.arrival} arrivals, seed ${report.seed}. Offered ${rates.offered.toFixed(2)}, sent ` +
    `${rates.sent.toFixed(2)}, achieved ${rates.achieved.toFixed(2)} requests a second` +
    `${report.delivered ? "" : "; **the load was not delivered**"}.\n\n` +
    `Outcomes: ${Object.entries(outcomes).map(([name, n]) => `${name} ${n}`).join(", ")}. Client loop lag p99 ` +
    `${report.client_loop_lag_ms.p99.toFixed(1)} ms.\n\n` +
    markdownTable(
      [{ title: "definition" }, { title: "stat" }, { title: "value", align: "right" }, { title: "unit" }, {
        title: "n",
        align: "right",
      }],
      shown.map((f) => [f.def, f.stat, f.value.toFixed(2), f.unit, String(f.n)]),
    );
}
