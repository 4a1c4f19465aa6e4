/** What `slo check` found, for a person and for a script. */
import type { Verdict } from "../gate/verdict.ts";
import type { Io } from "../model/io.ts";
import { count, ms, percent, plural } from "../report/format.ts";
import { table } from "../report/table.ts";
import { printable } from "../report/text.ts";
import { trafficProblems } from "../slo/feasibility.ts";
import type { FiredAlert, Replay, Replayed } from "../slo/replay.ts";
import type { RequestFacts } from "../slo/tracker.ts";

export interface Checked {
  readonly file: string;
  readonly service: string;
  /** Of the service, in the order they ended; at least one. */
  readonly requests: readonly RequestFacts[];
  readonly foreign: number;
  /** Lines of the input that were none of ours. */
  readonly refused: number;
  readonly synthetic: boolean;
  readonly now: Replay;
  /** With the change; null: none was asked for. */
  readonly then: Replay | null;
  /** Names of the SLOs that the change concerns. */
  readonly asked: readonly string[];
}

const MOST_ALERTS = 20;
const iso = (atMs: number) => new Date(atMs).toISOString();

export function checkDocument(checked: Checked, verdict: Verdict): unknown {
  const { requests, now, then, asked } = checked;
  return {
    schema: "slo-check/v1",
    file: checked.file,
    service: checked.service,
    recorded: {
      from: iso(requests[0]!.endMs),
      to: iso(requests.at(-1)!.endMs),
      requests: requests.length,
      other_services: checked.foreign,
      lines_refused: checked.refused,
      synthetic: checked.synthetic,
      looked_at_every_s: now.stepMs / 1000,
    },
    slos: now.slos.map((before) => {
      const after = then?.slos.find(({ slo }) => slo.name === before.slo.name && asked.includes(slo.name));
      return {
        slo: before.slo.name,
        judged: isJudged(before),
        now: outcome(before),
        with_change: after === undefined ? null : outcome(after),
      };
    }),
    traffic: trafficNotes(then ?? now, requests).split("\n").map((line) => line.trim()).filter((line) => line !== ""),
    verdict,
  };
}

function outcome(replayed: Replayed): unknown {
  const { status, alerts, exhaustedAtMs } = replayed;
  return {
    predicate: predicateOf(replayed),
    alerts_fired: alerts.map(({ fromMs, toMs, peakBurn, ...alert }) => ({
      ...alert,
      from: iso(fromMs),
      to: toMs === null ? null : iso(toMs),
      peak_burn_rate: peakBurn,
    })),
    pages: firedAt(alerts, "page"),
    tickets: firedAt(alerts, "ticket"),
    exhausted_at: exhaustedAtMs === null ? null : iso(exhaustedAtMs),
    status,
  };
}

function firedAt(alerts: readonly FiredAlert[], level: FiredAlert["level"]): number {
  return alerts.filter((alert) => alert.level === level).length;
}

function predicateOf({ slo: { sli } }: Replayed): string | null {
  return sli.kind === "events" ? sli.predicate?.text ?? null : null;
}

/** Counters of Prometheus alone say nothing of a recorded request. */
function isJudged({ slo: { sli } }: Replayed): boolean {
  return sli.kind === "composite" || sli.predicate !== null;
}

export function checkText(checked: Checked, verdict: Verdict, io: Pick<Io, "color" | "columns">): string {
  const { requests, now, then, asked } = checked;
  const [first, last] = [requests[0]!.endMs, requests.at(-1)!.endMs];
  const rows = now.slos.flatMap((before) => {
    const after = then?.slos.find(({ slo }) => slo.name === before.slo.name && asked.includes(slo.name));
    const own = row(before, before.slo.name);
    return after === undefined ? [own] : [own, row(after, `  ${difference(before, after)}`)];
  });
  const right = "right" as const;
  const columns = [
    { title: "SLO", min: 12 },
    { title: "objective", align: right },
    { title: "bad", align: right },
    { title: "of", align: right },
    { title: "budget spent", align: right },
    { title: "pages", align: right },
    { title: "tickets", align: right },
    { title: "objective was", min: 12 },
  ];
  const left = [
    checked.foreign === 0 ? "" : `${plural(checked.foreign, "request")} of other services left out`,
    checked.synthetic ? "synthetic" : "",
  ].filter((text) => text !== "");
  return `${printable(checked.service)}: ${plural(requests.length, "request")} from ${iso(first)} to ${iso(last)} ` +
    `(${ms(last - first)}), looked at every ${ms(now.stepMs)}${left.map((text) => `; ${text}`).join("")}\n\n` +
    table(columns, rows, { color: io.color, width: io.columns }) +
    alertLines(then ?? now, then === null ? null : asked) +
    notes(then ?? now) +
    trafficNotes(then ?? now, requests) +
    `\n${verdict}\n`;
}

/** `if 0.9995`, `if <= 500 ms`. */
function difference(before: Replayed, after: Replayed): string {
  const limit = ({ slo: { sli } }: Replayed) => {
    const [term] = sli.kind === "events" ? sli.predicate?.terms ?? [] : [];
    return term === undefined ? "" : `${term.kind.limit} ${term.limit.text} ${term.kind.unit}`;
  };
  const other = [
    before.slo.objective.text === after.slo.objective.text ? "" : after.slo.objective.text,
    limit(before) === limit(after) ? "" : limit(after),
  ].filter((text) => text !== "");
  return other.length === 0 ? "as it is" : `if ${other.join(", ")}`;
}

function row(replayed: Replayed, name: string): string[] {
  const { slo, status: { budget, compliance }, alerts } = replayed;
  if (!isJudged(replayed)) return [name, slo.objective.text, "-", "-", "-", "-", "-", "not judged: no predicate"];
  const spent = budget.remaining === null ? "-" : percent(1 - budget.remaining);
  const whole = (value: number | null) => value === null ? "-" : count(Math.round(value * 1000) / 1000);
  const needed = compliance.events_needed;
  const verdict = compliance.verdict === "inconclusive" && needed !== null
    ? `inconclusive: ${count(needed)} needed`
    : compliance.verdict.replace("_", " ");
  return [
    name,
    slo.objective.text,
    whole(budget.bad),
    whole(budget.total) + (slo.slice === null ? "" : " slices"),
    spent,
    String(firedAt(alerts, "page")),
    String(firedAt(alerts, "ticket")),
    verdict,
  ];
}

function alertLines({ slos }: Replay, asked: readonly string[] | null): string {
  const lines = slos.filter(({ slo }) => asked === null || asked.includes(slo.name)).flatMap(({ slo, alerts }) =>
    alerts.map(({ severity, windows, fromMs, toMs, peakBurn }) =>
      `  ${slo.name}: ${severity} (${windows.join(", ")}) ${iso(fromMs)} to ${
        toMs === null ? "the end" : iso(toMs)
      }, burning up to ${peakBurn.toPrecision(3)} times too fast\n`
    )
  );
  if (lines.length === 0) return "\nNo alert would have fired.\n";
  const more = lines.length - MOST_ALERTS;
  return `\nAlerts that would have fired${asked === null ? "" : " with the change"}:\n` +
    lines.slice(0, MOST_ALERTS).join("") + (more > 0 ? `  ... and ${more} more\n` : "");
}

function notes({ slos }: Replay): string {
  const lines = slos.flatMap(({ slo, status: { counts }, exhaustedAtMs }) => {
    const said: string[] = [];
    if (exhaustedAtMs !== null) said.push(`the budget was spent at ${iso(exhaustedAtMs)}`);
    if (counts.missing > 0) said.push(`${count(counts.missing)} bad because a value is missing`);
    if (counts.na > 0) said.push(`${count(counts.na)} requests have nothing to do with it`);
    if (counts.cancelled > 0) said.push(`${count(counts.cancelled)} left by their client, not counted`);
    const stages = Object.entries(counts.stages).map(([stage, n]) => `${count(n)} by ${stage}`);
    if (stages.length > 0) said.push(`over a stage's limit: ${stages.join(", ")}`);
    return said.map((text) => `  ${slo.name}: ${text}\n`);
  });
  return lines.length === 0 ? "" : `\n${lines.join("")}`;
}

/** Less than this of a record says nothing of the traffic. */
const LEAST_RECORD_MS = 600_000;

/** Alerts that can never fire, and objectives that one failure breaks, if traffic stays as it was. */
export function trafficNotes({ slos }: Replay, requests: readonly RequestFacts[]): string {
  const spanMs = requests.at(-1)!.endMs - requests[0]!.endMs;
  if (spanMs < LEAST_RECORD_MS) return "";
  const perDay = { n: BigInt(requests.length) * 86_400_000n, d: BigInt(Math.round(spanMs)) };
  const lines = slos.filter(isJudged).flatMap(({ slo }) =>
    trafficProblems(slo, perDay).map(({ state }) => `  ${slo.name}: the recorded traffic ${state}\n`)
  );
  return lines.length === 0 ? "" : `\n${lines.join("")}`;
}
