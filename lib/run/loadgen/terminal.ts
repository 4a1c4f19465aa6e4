/** The report of a load run for a person at a terminal. Pure. */
import { valuesOf } from "../../load/figures.ts";
import { measure } from "../../model/measure.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import { axisFor } from "../../report/axis.ts";
import { dotPlot } from "../../report/dot_plot.ts";
import { count, duration, ms } from "../../report/format.ts";
import { histogram } from "../../report/histogram.ts";
import { paint } from "../../report/paint.ts";
import { table } from "../../report/table.ts";
import { printable, wrap } from "../../report/text.ts";
import { instantOf } from "../../load/window.ts";
import type { LoadReport } from "./load_report.ts";
import {
  clientSentences,
  goodSentence,
  interruptedSentence,
  latencyRows,
  limitSentence,
  outcomeSentence,
  rateSentence,
  tokenSentence,
  traceSentences,
  verdictSentence,
} from "./words.ts";

export function terminalReport(
  report: LoadReport,
  records: readonly RequestRecord[],
  { width, color }: { readonly width: number; readonly color: boolean },
): string {
  const brush = paint(color);
  const folded = (label: string, text: string) =>
    wrap(printable(text), width - 10).map((line, i) => `${brush.dim((i === 0 ? label : "").padEnd(9))} ${line}\n`).join(
      "",
    );
  const interrupted = interruptedSentence(report);
  const tokens = tokenSentence(report);
  const parts = [
    `${brush.bold("sloctl loadgen")}  ${
      printable(report.target)
    }  ${report.arrival_words}, ${report.seconds.window} s, seed ${report.seed}\n`,
    interrupted === null ? "" : `${brush.yellow(interrupted)}\n`,
    "\n",
    folded("rate", rateSentence(report)),
    folded("outcome", outcomeSentence(report)),
    ...report.errors.slice(0, 6).map((error) =>
      folded(
        "",
        `${error.outcome} ${error.error_type} ${count(error.n)}${error.detail === null ? "" : `: ${error.detail}`}`,
      )
    ),
    ...traceSentences(report).map((text, i) => folded(i === 0 ? "trace" : "", text)),
    tokens === null ? "" : folded("tokens", tokens),
    folded("limits", limitSentence(report)),
    ...clientSentences(report).map((text, i) => folded(i === 0 ? "client" : "", text)),
    ...report.slos.map((slo, i) => folded(i === 0 ? "goodput" : "", `${goodSentence(slo)}: ${slo.verdict}`)),
    "\n",
    latencyTable(report, width, color),
    plots(report, records, width, color),
    verdictLines(report, width, brush),
  ];
  return parts.join("");
}

function latencyTable(report: LoadReport, width: number, color: boolean): string {
  const rows = latencyRows(report);
  if (rows.length === 0) return "no request ended well: there is no latency to show\n\n";
  const columns = ["n", "p50", "p90", "p95", "p99", "max"].map((title) => ({ title, align: "right" as const }));
  const cells = rows.map(({ def, n, stats }) => [def, count(n), ...stats.map(ms)]);
  return `${table([{ title: "ok requests" }, ...columns], cells, { width, color })}\n`;
}

function plots(report: LoadReport, records: readonly RequestRecord[], width: number, color: boolean): string {
  const brush = paint(color);
  const shown = report.timeline_of;
  const values = valuesOf(shown, records);
  if (values.length < 2) return "";
  const from = records.map(instantOf).find((at) => at !== null) ?? 0;
  const start = report.clock.start_ns === 0 ? from : report.clock.start_ns;
  const at = (record: RequestRecord) => ((instantOf(record) ?? start) - start) / 1e9;
  const ok = records.flatMap((record): [number, number][] =>
    record.outcome === "ok" ? measure(shown, record).map((value) => [at(record), value]) : []
  );
  const y = axisFor("ms", values);
  const failed = records.filter((record) => record.outcome !== "ok").map((
    record,
  ): [number, number] => [at(record), y.max]);
  const { warmup, window } = report.seconds;
  const x = {
    label: "s",
    min: warmup,
    max: warmup + (report.interrupted === null ? window : Math.max(0.1, report.interrupted.after_s - warmup)),
    scale: "linear" as const,
  };
  const series = [{ points: ok, color: "cyan" as const }, { points: failed, color: "red" as const }];
  const lost = failed.length === 0 ? "" : `, ${count(failed.length)} that did not end well at the top`;
  return `${brush.bold(`${shown}, distribution`)}\n${histogram(values, "ms", { width, color })}\n` +
    `${brush.bold(`${shown} by when each request was due`)}${lost}\n` +
    `${dotPlot(series, x, y, { width, height: 9, color, formatX: (s) => `${s} s`, formatY: duration })}\n`;
}

function verdictLines(report: LoadReport, width: number, brush: ReturnType<typeof paint>): string {
  const color = { pass: brush.green, fail: brush.red, inconclusive: brush.yellow, no_data: brush.red };
  const paintOf = report.verdict === null ? (text: string) => text : color[report.verdict];
  return wrap(printable(verdictSentence(report)), width).map((line) => `${paintOf(line)}\n`).join("");
}
