/**
 * Two runs beside each other: what became slower, what fails more often, what is new and what is gone. A document has quantiles and no
 * samples, so a change has to be plain: half as much again, more than the clock and a scheduler account for, and of enough occurrences.
 */
import type { Change, Comparison, Side } from "../model/comparison.ts";
import type { DiagnosisDocument, Observed } from "../model/diagnosis.ts";
import { type SignalName, SIGNALS } from "../model/signals.ts";
import { duration, endpoint, ms, plural } from "../report/format.ts";
import { binomialTails } from "../stats/beta.ts";

const MOST_CHANGES = 30;
/** A quantile of fewer is an anecdote. */
const LEAST_COUNT = 10;
const RATIO = 1.5;
const LEAST_MS = 1;
/** Waits for CPU, quota and memory are judged by their share of the window; so much of it, in ms a second. */
const LEAST_SHARE_MS_PER_S = 5;
/** How unlikely a change of a rate has to be by chance. */
const ALPHA = 0.001;
/** Shorter windows are hardly comparable. */
const SHORT_S = 5;

/** Failures and segments sent again: counted, not timed. */
const COUNTED: ReadonlySet<SignalName> = new Set(
  SIGNALS.filter(({ unit }) => unit === "count").map(({ signal }) => signal),
);
const SHARES: ReadonlySet<SignalName> = new Set([
  "runqueue_delay_ms",
  "cfs_throttled_ms",
  "mem_reclaim_latency_ms",
  "cpu_steal_pct",
]);

interface Row {
  readonly row: Observed;
  readonly side: Side;
}

export function compareRuns(before: DiagnosisDocument, now: DiagnosisDocument): Comparison {
  const [old, young] = [rowsOf(before), rowsOf(now)];
  const changes: { change: Change; weight: number }[] = [];
  const verdicts = { same: 0, too_few: 0 };
  for (const key of new Set([...young.keys(), ...old.keys()])) {
    const [a, b] = [old.get(key), young.get(key)];
    const what = judge(a?.side, b?.side, (b ?? a)!.row.kind, before.window.seconds, now.window.seconds);
    if (what === "same" || what === "too_few") verdicts[what]++;
    if (what === "same" || what === "too_few" || what === "quiet") continue;
    const { row } = (b ?? a)!;
    changes.push({
      weight: Math.abs((b?.side.total_per_s ?? 0) - (a?.side.total_per_s ?? 0)),
      change: {
        change: what,
        kind: row.kind,
        process: { comm: row.process.comm },
        peer: row.peer,
        before: a?.side ?? null,
        now: b?.side ?? null,
        sentence: sentenceOf(row, what, a?.side, b?.side),
      },
    });
  }
  changes.sort((a, b) => RANK[a.change.change] - RANK[b.change.change] || b.weight - a.weight);
  return {
    baseline: { start: before.window.start, seconds: before.window.seconds, host: before.host.name },
    changes: changes.slice(0, MOST_CHANGES).map(({ change }) => change),
    left_out: Math.max(0, changes.length - MOST_CHANGES),
    ...verdicts,
    cautions: cautions(before, now),
  };
}

const RANK: Readonly<Record<Change["change"], number>> = { new: 0, worse: 0, better: 1, gone: 1 };

/**
 * By what is the same in both runs: not the pid. Of several rows alike counts and totals are added; the quantiles are those of the row with
 * most occurrences. A finding stands among the observed too, unless it was left out there.
 */
function rowsOf({ findings, observed, window: { seconds } }: DiagnosisDocument): Map<string, Row> {
  const [found, seen] = [gathered(findings), gathered(observed)];
  const per = Math.max(seconds, 1e-3);
  const rows = new Map<string, Row>();
  for (const key of new Set([...found.keys(), ...seen.keys()])) {
    const [a, b] = [found.get(key), seen.get(key)];
    const { row, count, total } = b === undefined || (a !== undefined && a.count > b.count) ? a! : b;
    const { p50, p95 } = row;
    const side = { count, per_minute: round(60 * count / per), p50, p95, total_per_s: round(total / per) };
    rows.set(key, { row, side: { ...side, finding: a !== undefined } });
  }
  return rows;
}

interface Gathered {
  /** The one with most occurrences. */
  readonly row: Observed;
  readonly count: number;
  readonly total: number;
}

function gathered(rows: readonly Observed[]): Map<string, Gathered> {
  const groups = new Map<string, Gathered>();
  for (const row of rows) {
    const key = keyOf(row);
    const held = groups.get(key);
    groups.set(key, {
      row: held === undefined || row.count > held.row.count ? row : held.row,
      count: row.count + (held?.count ?? 0),
      total: row.total + (held?.total ?? 0),
    });
  }
  return groups;
}

/** The other end by its name where it has one: addresses behind a name come and go. A client's port is chance. */
function keyOf({ kind, process: { comm }, peer, role, local, what, query }: Observed): string {
  const end = peer === null || role === "server" ? "" : `${peer.name ?? peer.ip}:${peer.port}`;
  const own = local === undefined ? "" : `${local.port}`;
  return [kind, comm, end, role ?? "", own, what ?? "", query?.others === 0 ? query.name : ""].join("|");
}

type Outcome = Change["change"] | "same" | "too_few" | "quiet";

function judge(
  a: Side | undefined,
  b: Side | undefined,
  kind: SignalName,
  aSeconds: number,
  bSeconds: number,
): Outcome {
  if (a === undefined) return b!.finding ? "new" : "quiet";
  if (b === undefined) return a.finding ? "gone" : "quiet";
  if (COUNTED.has(kind)) return judgeRate(a.count, b.count, aSeconds, bSeconds);
  if (SHARES.has(kind)) return moved(a.total_per_s, b.total_per_s, LEAST_SHARE_MS_PER_S);
  if (Math.min(a.count, b.count) < LEAST_COUNT) return "too_few";
  const [middle, tail] = [moved(a.p50, b.p50, LEAST_MS), moved(a.p95, b.p95, LEAST_MS)];
  // The middle and the tail may part; the tail is what a person feels.
  return tail === "same" ? middle : tail;
}

function moved(a: number, b: number, least: number): "worse" | "better" | "same" {
  if (b - a >= least && b >= RATIO * a) return "worse";
  return a - b >= least && a >= RATIO * b ? "better" : "same";
}

/** Exact, given how many there were in both together: the share of the second is the share of its time, unless the rate has changed. */
function judgeRate(a: number, b: number, aSeconds: number, bSeconds: number): "worse" | "better" | "same" {
  const { atMost, atLeast } = binomialTails(b, a + b, bSeconds / (aSeconds + bSeconds));
  const more = b / bSeconds >= RATIO * a / aSeconds;
  const less = a / aSeconds >= RATIO * b / bSeconds;
  if (more && atLeast < ALPHA) return "worse";
  return less && atMost < ALPHA ? "better" : "same";
}

/** Words for a kind, after "of", "for" ... */
const NOUN: Readonly<Record<SignalName, string>> = {
  dns_latency_ms: "DNS answers",
  dns_errors_total: "failed DNS queries",
  connect_latency_ms: "connects",
  connect_errors_total: "failed connects",
  stream_ttft_ms: "first bytes",
  stream_gap_ms: "pauses inside answers",
  socket_wait_ms: "unread bytes",
  tcp_retransmits_total: "segments sent again",
  tls_handshake_ms: "TLS handshakes",
  tls_handshake_fail_total: "failed TLS handshakes",
  runqueue_delay_ms: "waiting for a CPU",
  cfs_throttled_ms: "CPU quota",
  cpu_steal_pct: "stolen CPU time",
  mem_reclaim_latency_ms: "waiting for memory",
  disk_io_latency_ms: "the disk",
  syscall_latency_ms: "system calls",
};

function sentenceOf(row: Observed, what: Change["change"], a: Side | undefined, b: Side | undefined): string {
  const { kind, process: { comm }, peer, role } = row;
  const whom = peer === null || role === "server" ? "" : `, ${endpoint(peer.name ?? peer.ip, peer.port)}`;
  const subject = `${comm}: ${NOUN[kind]}${row.what === undefined ? "" : ` (${row.what})`}${whom}`;
  const told = (side: Side | undefined) => {
    if (side === undefined) return "none seen";
    if (COUNTED.has(kind)) return `${plural(side.count, "time")}, ${side.per_minute} a minute`;
    if (SHARES.has(kind)) return `${ms(side.total_per_s)} a second`;
    return `${ms(side.p50)} (p50), ${ms(side.p95)} (p95) of ${side.count}`;
  };
  return `${what}: ${subject}: ${told(b)}; before: ${told(a)}`;
}

function cautions(before: DiagnosisDocument, now: DiagnosisDocument): string[] {
  const list: string[] = [];
  const differ = (what: string, a: string, b: string) => a !== b && list.push(`${what}: ${b} now, ${a} before`);
  differ("the host", before.host.name, now.host.name);
  differ("the kernel", before.host.kernel, now.host.kernel);
  differ("number of CPUs", `${before.host.cpus}`, `${now.host.cpus}`);
  differ("watched", before.targets, now.targets);
  const lacking = (a: DiagnosisDocument, b: DiagnosisDocument) =>
    a.coverage.attached.filter((probe) => !b.coverage.attached.includes(probe));
  const [lost, won] = [lacking(before, now), lacking(now, before)];
  if (lost.length > 0) list.push(`not attached now, but before: ${lost.join(", ")}`);
  if (won.length > 0) list.push(`attached now, and not before: ${won.join(", ")}`);
  for (const [when, { drops, window, observed_left_out: leftOut }] of [["before", before], ["now", now]] as const) {
    if (drops > 0) list.push(`${plural(drops, "record")} lost ${when}: counts are too low`);
    if (window.seconds < SHORT_S) list.push(`only ${duration(window.seconds * 1000)} watched ${when}`);
    if (leftOut > 0) list.push(`${plural(leftOut, "row")} of the run ${when} are not kept: some may seem new, or gone`);
  }
  return list;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
