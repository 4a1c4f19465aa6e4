/** The diagnosis document as a person reads it on a terminal. */
import type { DiagnosisDocument, Finding, Observed } from "../model/diagnosis.ts";
import type { SignalName } from "../model/signals.ts";
import { count, duration, endpoint, ms, plural } from "../report/format.ts";
import { type Paint, paint } from "../report/paint.ts";
import { type Column, table } from "../report/table.ts";
import { pad, printable, wrap } from "../report/text.ts";
import { comparisonSection } from "./render_comparison.ts";
import { requestsSection } from "./render_requests.ts";
import { subject } from "./sentence.ts";

const OBSERVED_SHOWN = 12;

/** A signal in two words: as trouble, and as a plain observation. */
const WORDS: Readonly<Record<SignalName, readonly [trouble: string, seen: string]>> = {
  dns_latency_ms: ["slow DNS", "DNS answer"],
  dns_errors_total: ["failing DNS", "DNS failure"],
  connect_latency_ms: ["slow connect", "connect"],
  connect_errors_total: ["failing connect", "connect failure"],
  stream_ttft_ms: ["slow first byte", "first byte"],
  stream_gap_ms: ["long pause", "pause in answer"],
  socket_wait_ms: ["slow reader", "bytes unread"],
  tcp_retransmits_total: ["lossy connection", "segments resent"],
  tls_handshake_ms: ["slow TLS", "TLS handshake"],
  tls_handshake_fail_total: ["failing TLS", "TLS failure"],
  runqueue_delay_ms: ["CPU starvation", "wait for CPU"],
  cfs_throttled_ms: ["CPU throttled", "CPU throttled"],
  cpu_steal_pct: ["CPU stolen", "CPU stolen"],
  mem_reclaim_latency_ms: ["short of memory", "memory reclaim"],
  disk_io_latency_ms: ["slow disk", "disk request"],
  syscall_latency_ms: ["slow system call", "system call"],
};

function withWhom(row: Observed): string {
  // The sentence has the address; here the name is enough.
  const peer = row.peer === null ? "" : endpoint(row.peer.name ?? row.peer.ip, row.peer.port);
  if (row.local !== undefined) {
    return `serving ${endpoint(row.local.ip, row.local.port)}${peer === "" ? "" : ` to ${peer}`}`;
  }
  if (row.what !== undefined) return row.what;
  if (row.query === undefined) return peer;
  const others = row.query.others === 0 ? "" : ` +${row.query.others}`;
  return `${row.query.name}${others} @${row.peer?.ip ?? "?"}`;
}

/** Below this many columns the median makes way for the names; beside a finding the longest does too: its sentence has it. */
const ROOM_FOR_MEDIAN = 96;

type NumberTitle = "count" | "p50" | "p95" | "max";
const ALL: readonly NumberTitle[] = ["count", "p50", "p95", "max"];

function titles(width: number, narrow: readonly NumberTitle[]): readonly NumberTitle[] {
  return width < ROOM_FOR_MEDIAN ? narrow : ALL;
}

function numberColumns(shown: readonly NumberTitle[]): Column[] {
  return shown.map((title) => ({ title, align: "right" }));
}

function numbers(row: Observed, shown: readonly NumberTitle[]): string[] {
  return shown.map((title) => title === "count" ? count(row.count) : ms(row[title]));
}

/** As a cell of a table: the sentence has the whole of it. */
export function shortSubject(row: Pick<Observed, "process" | "processes">): string {
  return row.processes === undefined ? subject(row) : `${row.process.comm} ×${row.processes}`;
}

function findingsTable(findings: readonly Finding[], color: boolean, width: number): string {
  const shown = titles(width, ["count", "p95"]);
  const columns: Column[] = [
    { title: "#", align: "right" },
    { title: "what", paint: (text, p) => p.red(text) },
    { title: "process", min: 12, paint: (text, p) => p.bold(text) },
    { title: "with", min: 14 },
    ...numberColumns(shown),
    { title: "lost", align: "right", paint: (text, p) => p.yellow(text) },
  ];
  const rows = findings.map((f) => [
    String(f.rank),
    WORDS[f.kind][0],
    shortSubject(f),
    withWhom(f),
    ...numbers(f, shown),
    ms(f.harm_ms),
  ]);
  const note = (i: number) => {
    const finding = findings[i];
    return finding && `${finding.sentence}; compared with: ${finding.compared_with}`;
  };
  return table(columns, rows, { color, width, note });
}

function observedTable(rows: readonly Observed[], color: boolean, width: number): string {
  const shown = titles(width, ["count", "p95", "max"]);
  const columns: Column[] = [
    { title: "what", paint: (text, p) => p.cyan(text) },
    { title: "process", min: 12 },
    { title: "with", min: 14 },
    ...numberColumns(shown),
  ];
  const byKind = [...rows].sort((a, b) =>
    rows.findIndex((r) => r.kind === a.kind) - rows.findIndex((r) => r.kind === b.kind)
  );
  return table(
    columns,
    byKind.map((row) => [WORDS[row.kind][1], shortSubject(row), withWhom(row), ...numbers(row, shown)]),
    {
      color,
      width,
    },
  );
}

/** Why there is nothing in the list of findings: quiet, or not seen? These are different answers. */
function nothingFound(document: DiagnosisDocument, brush: Paint): string {
  const watched = `${duration(document.window.seconds * 1000)} watched`;
  if (document.coverage.attached.length === 0) return brush.yellow(`No data: no probe was attached in the ${watched}.`);
  const where = document.targets === "every process" ? "on this host" : `of ${printable(document.targets)}`;
  const quiet = brush.green(`No findings: nothing ${where} was slow or failing in the ${watched}.`);
  const blind: string[] = [];
  const missing = document.coverage.missing.filter(({ by_choice }) => !by_choice).length;
  if (missing > 0) {
    blind.push(`${plural(missing, "probe or signal", "probes or signals")} could not be had, see coverage`);
  }
  if (document.drops > 0) blind.push(`${plural(document.drops, "record")} were lost`);
  return blind.length === 0 ? quiet : `${quiet}\n${brush.yellow(`But ${blind.join("; ")}.`)}`;
}

function facts(document: DiagnosisDocument, brush: Paint, width: number): string {
  const { coverage, cost } = document;
  const byKind = Object.entries(document.events_by_kind).map(([kind, n]) => `${kind} ${count(n)}`).join(", ");
  const refused = Object.entries(document.drops_by_probe).filter(([name]) => name.startsWith("decode_"));
  const lostOf = [...Object.entries(document.drops_by_signal), ...refused].map(([name, n]) => `${name} ${n}`);
  const lost = document.drops === 0
    ? "none lost"
    : `${plural(document.drops, "record")} LOST (${lostOf.join(", ")}): counts and quantiles are too low`;
  const costs = [
    cost.cpu_pct === null ? "CPU not measured" : `${cost.cpu_pct.toFixed(1)} % of one CPU`,
    cost.bpf_ns_per_event === null
      ? "kernel time not measured"
      : `${Math.round(cost.bpf_ns_per_event)} ns per event in the kernel`,
    cost.rss_mb === null ? "memory not measured" : `${Math.round(cost.rss_mb)} MB`,
  ];
  const lines: [string, string, (text: string) => string][] = [
    ["watched", document.targets, (t) => t],
    ["attached", coverage.attached.join(", ") || "nothing", (t) => t],
    ...coverage.missing.map((m): [string, string, (text: string) => string] => [
      "missing",
      `${m.probe}: ${m.reason}; not seen without it: ${m.costs}`,
      brush.yellow,
    ]),
    ...coverage.unprobed.map((u): [string, string, (text: string) => string] => [
      "not judged",
      `${u.what}: ${u.reason}`,
      brush.dim,
    ]),
    [
      "events",
      `${count(document.events)}${byKind === "" ? "" : ` (${byKind})`}, ${lost}`,
      document.drops > 0 ? brush.yellow : (t) => t,
    ],
    ["own cost", costs.join(", "), (t) => t],
  ];
  const label = 12;
  return lines.map(([name, text, color]) =>
    wrap(printable(text), width - label)
      .map((part, i) => brush.bold(pad(i === 0 ? name : "", label)) + color(part) + "\n").join("")
  ).join("");
}

/** Renders the whole document, ending with a newline. `width` in columns. */
export function renderDiagnosis(
  document: DiagnosisDocument,
  options: { readonly color?: boolean; readonly width?: number } = {},
): string {
  const { color = false, width = 100 } = options;
  const brush = paint(color);
  const { host, window, findings, observed } = document;
  const title = `${printable(host.name)}, ${duration(window.seconds * 1000)} from ${window.start.slice(0, 19)}Z`;
  const machine = `Linux ${printable(host.kernel)}, ${plural(host.cpus, "CPU")}`;
  let text = `${brush.bold(title)}  ${brush.dim(machine)}\n\n`;

  if (findings.length === 0) text += nothingFound(document, brush) + "\n";
  else {text += brush.bold(`${plural(findings.length, "finding")}, worst first`) + "\n" +
      findingsTable(findings, color, width);}

  if (observed.length > 0) {
    const shown = observed.slice(0, OBSERVED_SHOWN);
    const hidden = observed.length - shown.length + document.observed_left_out;
    text += `\n${brush.bold("Seen")}\n` + observedTable(shown, color, width);
    if (hidden > 0) {
      const inJson = document.observed_left_out === 0
        ? "--json lists them all"
        : `--json lists the first ${document.observed_limit}`;
      text += brush.dim(`and ${plural(hidden, "more row")}; ${inJson}`) + "\n";
    }
  }
  text += requestsSection(document.requests, color, width);
  if (document.compared !== undefined) text += `\n${comparisonSection(document.compared, color, width)}`;
  return `${text}\n${brush.bold("Coverage")}\n${facts(document, brush, width)}`;
}
