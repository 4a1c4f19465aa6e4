/** One look at a collector as text: 24 lines of 80 columns hold it; in more lines there are more of the worst requests. */
import type { AgentView, JudgedRequest, SignalSummary } from "../../model/answers.ts";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { count, duration, ms, percent } from "../../report/format.ts";
import { type Paint, paint } from "../../report/paint.ts";
import { pad, printable, truncateMiddle } from "../../report/text.ts";
import type { SloStatus } from "../../slo/status.ts";
import { amount } from "./explain_incident.ts";
import { lasted } from "./incidents.ts";
import type { Page } from "./explain_incident.ts";
import { MINUTES, type TopView } from "./top.ts";

/** Rows of each block; what is beyond is counted in its head. */
const MOST = { incidents: 2, slos: 5, requests: 4, signals: 4, agents: 2 } as const;

interface Block {
  /** The first title is the block's own; the last column takes what is left of the line. */
  readonly columns: readonly (readonly [title: string, align: "left" | "right", width: number])[];
  readonly rows: readonly (readonly string[])[];
  /** Colour of each row, or null. */
  readonly alarm: readonly (((text: string) => string) | null)[];
  readonly all: number;
  readonly empty: string;
}

/** @param height lines there are; undefined: as few as are needed */
export function topFrame(view: TopView, { width, color, height = 0 }: Page & { readonly height?: number }): string {
  const brush = paint(color);
  const above = [incidentBlock(view, brush), sloBlock(view, brush)];
  const below = [signalBlock(view), agentBlock(view, brush)];
  const others = [...above, ...below].reduce((sum, { rows }) => sum + 1 + rows.length, HEADS + 1);
  const requests = requestBlock(view, brush, Math.max(MOST.requests, height - others));
  return heads(view, width, brush) +
    [...above, requests, ...below].map((block) => render(block, width, brush)).join("");
}

/** Lines above the first block. */
const HEADS = 2;

function heads({ collector, health }: TopView, width: number, brush: Paint): string {
  const { store, ingest, now, problems } = health;
  const bad = health.status !== "ok";
  const where = `${collector}  ${now.slice(11, 19)} UTC  `;
  const state = bad ? printable(`degraded: ${problems.join("; ")}`) : "ok";
  const [head, rest] = where.length < width ? [where, width - where.length] : ["", width];
  const held = `${count(store.held.span ?? 0)} spans and ${count(store.held.probe ?? 0)} kernel events held`;
  const taken = `${count(ingest.traces.taken)} spans came in; ${held}`;
  const shown = truncateMiddle(state, rest);
  return `${brush.bold(printable(head))}${bad ? brush.red(shown) : brush.green(shown)}\n${
    truncateMiddle(taken, width)
  }\n`;
}

function incidentBlock({ incidents }: TopView, brush: Paint): Block {
  const shown = incidents.slice(0, MOST.incidents);
  return {
    columns: [["incidents, 1 h", "left", 14], ["lasted", "right", 8], ["cause", "left", 17], ["conf.", "right", 5], [
      "id",
      "left",
      36,
    ]],
    rows: shown.map((one: IncidentAttribution) => [
      one.timestamp.slice(11, 19),
      lasted(one),
      one.predicted_fault_domain,
      one.confidence.toFixed(2),
      one.incident_id,
    ]),
    alarm: shown.map(({ state }) => state === "open" ? brush.red : null),
    all: incidents.length,
    empty: "none",
  };
}

function sloBlock({ slos, slo_file }: TopView, brush: Paint): Block {
  const worst = slos.toSorted((a, b) => RANK[a.state] - RANK[b.state]).slice(0, MOST.slos);
  return {
    columns: [
      ["objectives", "left", 22],
      ["goal", "right", 7],
      ["state", "left", 9],
      ["budget left", "right", 11],
      [
        "burn 5m",
        "right",
        8,
      ],
      ["burn 1h", "right", 8],
      ["alert", "left", 0],
    ],
    rows: worst.map((slo) => [
      slo.slo,
      slo.objective,
      slo.state,
      percent(slo.budget.remaining),
      burn(slo, "5m"),
      burn(slo, "1h"),
      slo.alerts.find(({ firing }) => firing)?.level ?? "-",
    ]),
    alarm: worst.map(({ state }) => state === "ok" ? null : state === "no_data" ? brush.dim : brush.red),
    all: slos.length,
    empty: slo_file === null
      ? "no file of objectives (collector --slo FILE)"
      : "none that this token may see: they count other namespaces too",
  };
}

const RANK: Readonly<Record<SloStatus["state"], number>> = { exhausted: 0, burning: 1, ok: 2, no_data: 3 };

function burn({ windows }: SloStatus, name: string): string {
  const rate = windows[name]?.burn_rate;
  return rate === null || rate === undefined ? "-" : amount(rate);
}

function requestBlock({ requests }: TopView, brush: Paint, most: number): Block {
  const shown = requests.requests.slice(0, most);
  return {
    columns: [["worst requests", "left", 14], ["TTFT", "right", 8], ["in all", "right", 8], ["", "left", 6], [
      "service",
      "left",
      12,
    ], [`trace, of ${count(requests.total)} in ${MINUTES} min`, "left", 0]],
    rows: shown.map((one: JudgedRequest) => [
      one.ended_at.slice(11, 19),
      ms(one.ttft_ms),
      ms(one.latency_ms),
      one.failed ? "failed" : one.slo_bad.length > 0 ? "broke" : "",
      one.service,
      one.trace_id,
    ]),
    alarm: shown.map(({ failed, slo_bad }) => failed ? brush.red : slo_bad.length > 0 ? brush.yellow : null),
    all: shown.length,
    empty: "none",
  };
}

function signalBlock({ signals }: TopView): Block {
  const shown = signals.slice(0, MOST.signals);
  return {
    columns: [[`kernel signals, ${MINUTES} min`, "left", 32], ["events", "right", 9], ["odd", "right", 7], [
      "p50",
      "right",
      9,
    ], [
      "p95",
      "right",
      9,
    ], [
      "max",
      "right",
      9,
    ]],
    rows: shown.map((one: SignalSummary) => [
      one.signal,
      count(one.events),
      count(one.bad),
      ...[one.p50, one.p95, one.max].map((value) => value === null ? "-" : amount(value)),
    ]),
    alarm: shown.map(() => null),
    all: signals.length,
    empty: "none came: is an agent sending here?",
  };
}

function agentBlock({ agents }: TopView, brush: Paint): Block {
  const shown = agents.toSorted((a, b) => Number(b.stale) - Number(a.stale)).slice(0, MOST.agents);
  const age = (seconds: number | null) => seconds === null ? "-" : duration(Math.round(seconds) * 1000);
  return {
    columns: [["agents", "left", 16], ["heartbeat", "right", 9], ["last event", "right", 10], ["mode", "left", 12], [
      "signals off, and why",
      "left",
      0,
    ]],
    rows: shown.map((one: AgentView) => [
      one.node,
      age(one.heartbeat_age_s),
      age(one.last_event_age_s),
      one.mode ?? "-",
      one.signals.filter(({ enabled }) => !enabled).map(({ signal, reason }) =>
        reason === null ? signal : `${signal}: ${reason}`
      ).join("; ") || (one.signals.length > 0 ? "none" : "-"),
    ]),
    alarm: shown.map(({ stale }) => stale ? brush.red : null),
    all: agents.length,
    empty: "none was heard of",
  };
}

function render({ columns, rows, alarm, all, empty }: Block, width: number, brush: Paint): string {
  const [title] = columns[0]!;
  const head = `${title}${all > rows.length ? ` (${rows.length} of ${all})` : ""}`;
  if (rows.length === 0) return `${brush.bold(truncateMiddle(`${head}: ${empty}`, width))}\n`;
  const fixed = columns.slice(0, -1).reduce((sum, [, , own]) => sum + own + 1, 0);
  const line = (cells: readonly string[]) =>
    columns.map(([, align, own], i) => {
      const isLast = i === columns.length - 1;
      const room = isLast ? Math.max(8, width - fixed) : own;
      return pad(truncateMiddle(printable(cells[i] ?? ""), room), isLast ? 0 : room, align);
    }).join(" ").trimEnd();
  const titles = line([head, ...columns.slice(1).map(([name]) => name)]);
  return `${brush.bold(titles)}\n` +
    rows.map((row, i) => `${(alarm[i] ?? ((text: string) => text))(line(row))}\n`).join("");
}
