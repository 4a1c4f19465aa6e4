/** The section of estimated requests, as a person reads it on a terminal. */
import type { EstimatedRequests } from "../model/diagnosis.ts";
import { LABELS, type Split } from "../model/split.ts";
import { bars } from "../report/bars.ts";
import { count, endpoint, ms, plural } from "../report/format.ts";
import { paint } from "../report/paint.ts";
import { type Column, table } from "../report/table.ts";
import { wrap } from "../report/text.ts";
import { subject } from "./sentence.ts";

const SHOWN = 6;
const TITLE = "Requests (estimated)";

/** Ends with a newline; "" when there are none. */
export function requestsSection(rows: readonly EstimatedRequests[], color: boolean, width: number): string {
  if (rows.length === 0) return "";
  const brush = paint(color);
  const shown = rows.slice(0, SHOWN);
  const columns: Column[] = [
    { title: "process", min: 12, paint: (text, p) => p.bold(text) },
    { title: "", min: 14 },
    { title: "count", align: "right" },
    { title: "TTFT p50", align: "right" },
    { title: "p95", align: "right" },
    { title: "more", align: "right", paint: (text, p) => p.yellow(text) },
  ];
  const lines = shown.map((row) => [
    subject(row),
    withWhom(row),
    count(row.count),
    ms(row.ttft_p50),
    ms(row.ttft_p95),
    row.moved === null ? "" : ms(row.moved.excess_ms),
  ]);
  const note = (i: number) => shown[i]?.sentence;
  const more = rows.length > shown.length
    ? brush.dim(`and ${plural(rows.length - shown.length, "more kind")}; --json lists them`) + "\n"
    : "";
  const worst = rows.find(({ moved }) => moved !== null);
  const remark = "no spans: made from sockets alone; more: against the quieter part of the run";
  const head = wrap(`${TITLE} ${remark}`, width).map((line, i) =>
    i === 0 ? line.replace(TITLE, brush.bold(TITLE)) : line
  ).join("\n");
  return `\n${head}\n${table(columns, lines, { color, width, note })}${more}${chart(worst, color, width)}`;
}

function chart(row: EstimatedRequests | undefined, color: boolean, width: number): string {
  if (!row?.moved) return "";
  const { moved, quieter, excess } = row.moved.split;
  const worst = largest(excess);
  const labels = LABELS.map((label) => ({
    label,
    ms: moved[label],
    baselineMs: quieter[label],
    highlight: label === worst,
  }));
  const title = `Where the time of ${subject(row)} went (estimated, mean; in the quieter part in brackets)`;
  return `\n${wrap(title, width).map(paint(color).bold).join("\n")}\n${bars(labels, { width, color })}`;
}

function largest(excess: Split): string {
  return LABELS.reduce((best, label) => (excess[label] ?? -Infinity) > (excess[best] ?? -Infinity) ? label : best);
}

function withWhom({ role, local, peer }: EstimatedRequests): string {
  if (role === "server") return local === undefined ? "" : `serving ${endpoint(local.ip, local.port)}`;
  return peer === undefined ? "" : `asking ${endpoint(peer.name ?? peer.ip, peer.port)}`;
}
