/** The pictures of a load run: latency over time against the schedule, its distribution, and the gaps. Pure. */
import { valuesOf } from "../../load/figures.ts";
import { instantOf } from "../../load/window.ts";
import { measure } from "../../model/measure.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import { type Axis, axisFor } from "../../report/axis.ts";
import { duration, ms } from "../../report/format.ts";
import { type Chart, type Series, svgPage } from "../../report/svg_chart.ts";
import { wrap } from "../../report/text.ts";
import { quantileOfSorted } from "../../stats/describe.ts";
import type { LoadReport } from "./load_report.ts";
import { interruptedSentence, outcomeSentence, rateSentence, verdictSentence } from "./words.ts";

const BLUE = "#2563eb";
const ORANGE = "#ea580c";
const GREEN = "#059669";
const RED = "#dc2626";
/** More points make a larger file and no other picture. */
const MOST_POINTS = 4000;
/** What the width of the page holds of a line's letters; more goes on a second line. */
const LINE_COLUMNS = 125;

export function pictures(report: LoadReport, records: readonly RequestRecord[]): string {
  const shown = report.timeline_of;
  const sent = shown.replace("from_schedule", "from_send");
  const interrupted = interruptedSentence(report);
  const lines = [
    `${report.arrival_words}, ${report.seconds.window} s, seed ${report.seed}; ${rateSentence(report)}; ${
      outcomeSentence(report)
    }`,
    interrupted ?? verdictSentence(report),
  ].flatMap((line) => {
    const [first = "", second, ...more] = wrap(line, LINE_COLUMNS);
    return second === undefined ? [first] : [first, more.length > 0 ? `${second} …` : second];
  });
  const both = [...new Set([shown, sent])].map((
    def,
    i,
  ): [string, Float64Array, string] => [def, valuesOf(def, records), [BLUE, ORANGE][i]!]);
  const gaps = ["gap.chunk", "gap.max"].map((
    def,
    i,
  ): [string, Float64Array, string] => [def, valuesOf(def, records), [GREEN, ORANGE][i]!]);
  return svgPage(`Load on ${report.target}`, lines, [
    overTime(report, records, shown),
    distribution("Distribution of latency", both),
    distribution("Gaps between content chunks", gaps),
  ]);
}

function overTime(report: LoadReport, records: readonly RequestRecord[], shown: string): Chart {
  const start = report.clock.start_ns;
  const at = (record: RequestRecord) => ((instantOf(record) ?? start) - start) / 1e9;
  const points = (def: string) =>
    thinned(records).flatMap((record) =>
      record.outcome === "ok" ? measure(def, record).map((value): [number, number] => [at(record), value]) : []
    );
  const sent = shown.replace("from_schedule", "from_send");
  const values = valuesOf(shown, records);
  const slices = report.timeline.filter(({ p50_ms, at_s }) => p50_ms !== null && at_s >= report.seconds.warmup);
  const line = (of: (slice: typeof slices[number]) => number): [number, number][] =>
    slices.map((slice) => [slice.at_s + slice.seconds / 2, of(slice)]);
  const series: Series[] = [
    ...(sent === shown ? [] : [{ name: "from send", color: ORANGE, kind: "points" as const, points: points(sent) }]),
    { name: sent === shown ? "each request" : "from schedule", color: BLUE, kind: "points", points: points(shown) },
    { name: "p50", color: "#1e3a8a", kind: "line", points: line((slice) => slice.p50_ms!) },
    { name: "p95", color: "#7c3aed", kind: "line", points: line((slice) => slice.p95_ms!) },
    {
      name: "did not end well",
      color: RED,
      kind: "ticks",
      points: thinned(records.filter((record) => record.outcome !== "ok")).map((record) => [at(record), 0]),
    },
  ];
  const { warmup, window } = report.seconds;
  const x: Axis = {
    label: "seconds after the start, by when the request was due",
    min: warmup,
    max: warmup + window,
    scale: "linear",
  };
  const all = sent === shown ? values : [...values, ...valuesOf(sent, records)];
  return {
    title: shown.replace(/\.from_\w+$/, " over time"),
    x,
    y: axisFor("ms", all),
    formatX: (s) => `${s} s`,
    formatY: duration,
    series,
  };
}

/** Shares of values at or below x. */
function distribution(
  title: string,
  rows: readonly (readonly [def: string, ascending: Float64Array, color: string])[],
): Chart {
  const main = rows[0]![1];
  const markers = main.length === 0 ? [] : [50, 95, 99].map((p) => ({
    x: quantileOfSorted(main, p / 100),
    text: `p${p} ${ms(quantileOfSorted(main, p / 100))}`,
  }));
  return {
    title,
    x: axisFor("ms", rows.flatMap(([, values]) => [values[0] ?? NaN, values[values.length - 1] ?? NaN])),
    y: { label: "share at or below", min: 0, max: 1, scale: "linear" },
    formatX: duration,
    formatY: (share) => `${Math.round(share * 100)} %`,
    series: rows.map(([def, values, color]) => ({
      name: `${def} (${values.length})`,
      color,
      kind: "line",
      points: values.length === 0 ? [] : Array.from({ length: 201 }, (_, i): [number, number] => [
        quantileOfSorted(values, i / 200),
        i / 200,
      ]),
    })),
    markers,
  };
}

function thinned<T>(rows: readonly T[]): readonly T[] {
  const step = Math.ceil(rows.length / MOST_POINTS);
  return step <= 1 ? rows : rows.filter((_, i) => i % step === 0);
}
