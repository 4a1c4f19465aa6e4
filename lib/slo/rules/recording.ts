/**
 * Recording rules of one SLO: per window the bad events, all events and their ratio, guarded against 0/0; then what dashboards show.
 * Every window is built from counter increases, never from averages of shorter ratios. Pure.
 */
import { durationText } from "../duration.ts";
import { decimalText } from "../literal.ts";
import { increaseOver, parseSelector } from "../promql.ts";
import { slack, type Slo, type SloFile, sloId } from "../slo.ts";
import type { Counters } from "../source.ts";
import { labelsOf, recorded, seriesOf, SLICE_GOOD } from "./names.ts";
import type { RecordingRule, RuleGroup } from "./rule.ts";

/** Windows up to this are read by alerts that are in a hurry. */
const SHORT_S = 7_200;
const SHORT_INTERVAL = "30s";
/** Below the five minutes after which Prometheus no longer sees a sample. */
const LONG_INTERVAL = "2m";

interface Recording {
  readonly file: Pick<SloFile, "labels" | "slos">;
  readonly slo: Slo;
  /** Null for a composite. */
  readonly counters: Counters | null;
}

/** @param windows seconds of each window, without the period */
export function recordingGroups(recording: Recording, windows: readonly number[]): RuleGroup[] {
  const { slo } = recording;
  const id = sloId(slo);
  const short = windows.filter((seconds) => seconds <= SHORT_S);
  const long = [...windows.filter((seconds) => seconds > SHORT_S), slo.period.seconds];
  const of = (list: readonly number[]) => list.flatMap((seconds) => windowRules(recording, seconds));
  const groups = [
    { name: `slo-${id}-short`, interval: SHORT_INTERVAL, rules: of(short) },
    { name: `slo-${id}-long`, interval: LONG_INTERVAL, rules: of(long) },
    { name: `slo-${id}-budget`, interval: SHORT_INTERVAL, rules: budgetRules(recording) },
  ];
  if (slo.slice === null) return groups;
  const interval = durationText(slo.slice.seconds);
  return [{ name: `slo-${id}-slices`, interval, rules: [sliceRule(recording)] }, ...groups];
}

function windowRules(recording: Recording, seconds: number): RecordingRule[] {
  const { file, slo } = recording;
  const labels = labelsOf(file, slo, seconds);
  const rule = (kind: "error" | "bad" | "total", expr: string) => ({ record: recorded(kind, seconds), expr, labels });
  const [bad, total] = (["bad", "total"] as const).map((kind) => seriesOf(slo, recorded(kind, seconds)));
  const ratio = rule("error", `${bad} / (${total} > 0)`);
  if (slo.slice !== null) {
    const slices = `${seriesOf(slo, SLICE_GOOD)}[${durationText(seconds)}]`;
    const count = `count_over_time(${slices})`;
    return [rule("total", count), rule("bad", `clamp_min(${count} - sum_over_time(${slices}), 0)`), ratio];
  }
  if (slo.sli.kind === "composite") return compositeRules(recording, seconds).map(([kind, expr]) => rule(kind, expr));
  const window = durationText(seconds);
  const [good, all] = [summed(recording.counters!.good, window), summed(recording.counters!.total, window)];
  // A counter of good events that never moved does not exist: then every event was bad.
  return [rule("total", all), rule("bad", `clamp_min(${all} - on() (${good} or on() vector(0)), 0)`), ratio];
}

/** An expression of the file's may keep labels; one SLO is one series. */
function summed(counter: string, window: string): string {
  const increase = increaseOver(counter, window);
  return parseSelector(counter) === null ? `sum(${increase})` : increase;
}

/** The weighted sum of the parts' ratios: absent while one of them is. */
function compositeRules({ slo, file }: Recording, seconds: number): ["error" | "total", string][] {
  const parts = partsOf(slo, file);
  const ratios = parts.map(({ slo, weight }) => `${weight} * sum(${seriesOf(slo, recorded("error", seconds))})`);
  const totals = parts.map(({ slo }) => seriesOf(slo, recorded("total", seconds)));
  return [["total", `min(${totals.join(" or ")})`], ["error", `clamp_max(${ratios.join(" + ")}, 1)`]];
}

function partsOf({ sli }: Slo, { slos }: Pick<SloFile, "slos">): { slo: Slo; weight: string }[] {
  if (sli.kind !== "composite") return [];
  return sli.parts.map(({ slo, weight }) => ({
    slo: slos.find(({ name }) => name === slo)!,
    weight: weight.text,
  }));
}

/** One sample per slice that had traffic: the share of good events, or whether it reached the target. */
function sliceRule({ file, slo, counters }: Recording): RecordingRule {
  const labels = labelsOf(file, slo);
  const { seconds, target } = slo.slice!;
  if (slo.sli.kind === "composite") {
    const parts = partsOf(slo, file).map(({ slo, weight }) => ({ weight, series: seriesOf(slo, SLICE_GOOD) }));
    const lost = parts.map(({ weight, series }) => `${weight} * (1 - ${series})`).join(" or ");
    const expr = slo.budgeting === "Timeslices"
      ? `min(${parts.map(({ series }) => series).join(" or ")})`
      : `clamp_min(1 - sum(${lost}), 0)`;
    return { record: SLICE_GOOD, expr, labels };
  }
  const window = durationText(seconds);
  const enough = slo.eventFloor === null ? "> 0" : `>= ${slo.eventFloor}`;
  const share = `(${summed(counters!.good, window)} or on() vector(0)) / on() (${
    summed(counters!.total, window)
  } ${enough})`;
  const expr = slo.budgeting === "Timeslices" ? `${share} >= bool ${target.text}` : `clamp_max(${share}, 1)`;
  return { record: SLICE_GOOD, expr, labels };
}

function budgetRules({ file, slo }: Recording): RecordingRule[] {
  const labels = labelsOf(file, slo);
  const budget = decimalText(slack(slo.objective));
  const burn = (seconds: number) =>
    `max without (sloth_window) (${seriesOf(slo, recorded("error", seconds))}) / ${budget}`;
  const rule = (record: string, expr: string, more = {}) => ({ record, expr, labels: { ...labels, ...more } });
  const remaining = seriesOf(slo, "slo:period_error_budget_remaining:ratio");
  return [
    rule("slo:objective:ratio", `vector(${slo.objective.text})`),
    rule("slo:error_budget:ratio", `vector(${budget})`),
    rule("slo:time_period:days", `vector(${decimalText({ n: BigInt(slo.period.seconds), d: 86_400n })})`),
    rule("slo:current_burn_rate:ratio", burn(Math.min(...slo.alerts.map(({ shortS }) => shortS)))),
    rule("slo:period_burn_rate:ratio", burn(slo.period.seconds)),
    rule("slo:period_error_budget_remaining:ratio", `1 - ${seriesOf(slo, "slo:period_burn_rate:ratio")}`),
    rule(
      "slo:error_budget_exhaustion:seconds",
      `clamp_min(${remaining}, 0) * ${slo.period.seconds} / (${burn(slo.alerts[0]!.longS)} > 0)`,
    ),
    rule("sloth_slo_info", "vector(1)", {
      sloth_objective: decimalText({ n: slo.objective.n * 100n, d: slo.objective.d }),
      sloth_spec: "sloctl/slo/v1",
    }),
  ];
}
