/** Sums of a load run for its report: connections, tokens, counters, and figures of the run as a whole. Pure. */
import type { Figure } from "../../load/figures.ts";
import { seconds, type Window } from "../../load/window.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import { quantileOfSorted, sorted } from "../../stats/describe.ts";
import type { LoadReport, Ran, Times } from "./load_report.ts";
import type { SloOutcome } from "./slo.ts";

export function goodputFigures({ name, goodput: g }: SloOutcome): Figure[] {
  const row = (def: string, unit: Figure["unit"], value: number | null, n: number): Figure => ({
    value,
    unit,
    def,
    stat: "mean",
    rule: "linear",
    over: def.endsWith("ok_only") ? "ok" : "all",
    n,
    slo: name,
  });
  const judged = g.good + g.bad;
  return [
    row("goodput.fraction", "ratio", g.fraction, judged),
    row("goodput.fraction.ok_only", "ratio", g.fraction_ok_only, judged),
    row("goodput.rate", "req/s", g.rate, judged),
    row("goodput.tokens", "tokens/s", g.tokens, judged),
  ];
}

export function runFigures(records: readonly RequestRecord[], window: Window): Figure[] {
  const counted = records.filter((record) => record.outcome === "ok" && record.n_out !== null);
  const tokens = counted.reduce((sum, record) => sum + record.n_out!, 0);
  const value = counted.length === 0 ? null : tokens / seconds(window);
  return [{
    value,
    unit: "tokens/s",
    def: "speed.system",
    stat: "mean",
    rule: "linear",
    over: "ok",
    n: counted.length,
  }];
}

export function connectionsOf({ run, target }: Ran, records: readonly RequestRecord[]): LoadReport["connections"] {
  const { connections } = run.driven;
  const sent = records.filter((record) => record.conn_reused !== null);
  const told = connections.flatMap(({ retransmits }) => retransmits === null ? [] : [retransmits]);
  return {
    opened:
      connections.filter(({ tcp_ns, tls_ns }) =>
        tcp_ns !== null && (target.endpoint.scheme === "http" || tls_ns !== null)
      )
        .length,
    failed: connections.filter(({ tcp_ns }) => tcp_ns === null).length,
    reused_share: sent.length === 0 ? null : sent.filter((record) => record.conn_reused).length / sent.length,
    dns_ms: target.dnsNs === null ? null : target.dnsNs / 1e6,
    connect_ms: times(connections.map(({ tcp_ns, open_ns }) => tcp_ns === null ? null : tcp_ns - open_ns)),
    tls_ms: times(connections.map(({ tcp_ns, tls_ns }) => tls_ns === null || tcp_ns === null ? null : tls_ns - tcp_ns)),
    retransmits: told.length === 0 ? null : told.reduce((sum, n) => sum + n, 0),
  };
}

function times(ns: readonly (number | null)[]): Times | null {
  const ms = sorted(ns.flatMap((value) => value === null ? [] : [value / 1e6]));
  if (ms.length === 0) return null;
  return {
    p50: quantileOfSorted(ms, 0.5),
    p99: quantileOfSorted(ms, 0.99),
    max: quantileOfSorted(ms, 1),
    n: ms.length,
  };
}

export function tokensOf(records: readonly RequestRecord[]): Omit<LoadReport["tokens"], "tokenizer"> {
  const total = (of: (record: RequestRecord) => number | null) =>
    records.reduce((sum, record) => sum + (of(record) ?? 0), 0);
  return {
    in: records.some(({ n_in }) => n_in !== null) ? total(({ n_in }) => n_in) : null,
    out: total(({ n_out }) => n_out),
    cached: records.some(({ n_cached }) => n_cached !== null) ? total(({ n_cached }) => n_cached) : null,
    sources: tally(records.flatMap(({ n_source }) => n_source === null ? [] : [n_source])),
  };
}

export function countersOf(records: readonly RequestRecord[]): LoadReport["counters"] {
  const total = (of: (record: RequestRecord) => number) => records.reduce((sum, record) => sum + of(record), 0);
  return {
    coalesced: total((record) => record.coalesced),
    comments: total((record) => record.comments),
    late_bytes: total((record) => record.late_bytes),
    flags: tally(records.flatMap(({ flags }) => flags)),
    bytes_in: total((record) => record.bytes_in),
    bytes_out: total((record) => record.bytes_out),
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
