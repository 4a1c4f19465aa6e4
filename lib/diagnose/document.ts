/** Rows -> the findings and the observations of the document, ranked and bounded. */
import type { Finding, Observed, Peer } from "../model/diagnosis.ts";
import { type SignalName, SIGNALS } from "../model/signals.ts";
import { because } from "./because.ts";
import { joinAlike, joinNames } from "./collapse.ts";
import { RunElsewhere } from "./elsewhere.ts";
import type { PeerNames } from "./peer_names.ts";
import type { Row } from "./row.ts";
import { judge, worstThreadMs } from "./rules.ts";
import { sentence } from "./sentence.ts";

/** Rows of `observed` in a document. */
export const OBSERVED_LIMIT = 100;

/** What a person looks for first; the rest of the catalogue follows. Every kind gets its turn before one fills the list. */
const FIRST: readonly SignalName[] = [
  "stream_ttft_ms",
  "connect_latency_ms",
  "dns_latency_ms",
  "connect_errors_total",
  "dns_errors_total",
  "cfs_throttled_ms",
  "runqueue_delay_ms",
  "socket_wait_ms",
  "stream_gap_ms",
];
const ORDER = new Set([...FIRST, ...SIGNALS.map(({ signal }) => signal)]);

export interface Names {
  readonly peers: PeerNames;
  readonly errnoByName: ReadonlyMap<string, number>;
}

/** Three decimals of a millisecond: the microsecond is all the clock is good for. */
function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function peerOf(row: Row, names: Names): Peer | null {
  const { peer, role } = row.key;
  if (role === "server") {
    const [client] = row.names;
    return client !== undefined && row.names.size === 1 ? { ip: client, port: 0 } : null;
  }
  if (peer === null) return null;
  const name = row.key.kind.startsWith("dns_") ? undefined : names.peers.name(row.who.process, peer);
  return { ...peer, ...(name !== undefined && { name }) };
}

function queryOf(row: Row): Observed["query"] {
  const [name] = row.names;
  return row.key.kind.startsWith("dns_") && name !== undefined ? { name, others: row.names.size - 1 } : undefined;
}

/** One row as it stands in the document. */
export function observed(row: Row, names: Names): Observed {
  const { series, who, key } = row;
  const query = queryOf(row);
  return {
    kind: key.kind,
    process: { pid: who.pid, comm: who.comm },
    ...(row.processes > 1 && { processes: row.processes }),
    cgroup: who.cgroup,
    ...who.where,
    peer: peerOf(row, names),
    ...(key.role !== undefined && { role: key.role }),
    ...(key.local !== undefined && { local: key.local }),
    ...(query !== undefined && { query }),
    ...(key.what !== undefined && { what: key.what }),
    ...(row.causes.size > 0 && { causes: Object.fromEntries(row.causes) }),
    count: series.count,
    ...(row.sent > 0 && { sent: row.sent }),
    p50: round(series.quantile(0.5)),
    p95: round(series.quantile(0.95)),
    max: round(series.max),
    total: round(series.sum),
    unit: "ms",
  };
}

/** The rows that are slow or failing, worst first. */
export function findings(rows: readonly Row[], windowMs: number, names: Names): Finding[] {
  const elsewhere = new RunElsewhere(rows);
  const guilty = joinAlike(joinNames(rows.filter((row) => judge(row, windowMs, elsewhere) !== null)));
  return guilty
    .flatMap((row) => {
      const verdict = judge(row, windowMs, elsewhere);
      return verdict === null ? [] : [{ row, verdict }];
    })
    .sort((a, b) => b.verdict.harmMs - a.verdict.harmMs)
    .map(({ row, verdict }, i) => {
      const seen = observed(row, names);
      const measure = elsewhere.of(row);
      const facts = {
        windowMs,
        over: row.over,
        hintMs: row.hint,
        worstThreadMs: worstThreadMs(row),
        capacityMs: row.capacityMs,
        errnoByName: names.errnoByName,
        because: because(row, elsewhere),
      };
      return {
        rank: i + 1,
        ...seen,
        sentence: sentence(seen, facts),
        compared_with: verdict.comparedWith,
        ...(measure === undefined ? {} : { elsewhere: measure }),
        harm_ms: round(verdict.harmMs),
      };
    });
}

/** Everything seen, the largest totals of each kind by turns, up to the limit; and how many rows were left out. */
export function observations(
  rows: readonly Row[],
  names: Names,
  limit = OBSERVED_LIMIT,
): { readonly rows: Observed[]; readonly leftOut: number } {
  const joined = joinAlike(joinNames(rows));
  const queues = [...ORDER].map((kind) =>
    joined.filter((row) => row.key.kind === kind).sort((a, b) => b.series.sum - a.series.sum)
  );
  const picked: Row[] = [];
  for (let turn = 0; picked.length < Math.min(limit, joined.length); turn++) {
    for (const queue of queues) {
      const row = queue[turn];
      if (row !== undefined && picked.length < limit) picked.push(row);
    }
  }
  return { rows: picked.map((row) => observed(row, names)), leftOut: joined.length - picked.length };
}
