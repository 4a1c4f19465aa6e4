/**
 * Which DNS queries are one look-up ("resolution"). A query belongs with an earlier one of the same process when all of this holds:
 * - near: it was asked before or within 1 s after the other ended;
 * - alike: it asks for the same name, or one that differs by a search suffix; and for the same type, or both for addresses;
 * - no rival: where both ask the very same question, one must be a second try of the other: the same id on the same socket, another
 *   server, or the first got no answer that settles it (a good one that was not cut, or NXDOMAIN) before the second was asked;
 * - together: they came from one thread or one socket; from different ones (Go asks for A and AAAA side by side) they must not ask the
 *   same question at the same time.
 * Of several look-ups it could belong to, one of its own thread or socket is taken, then the one that asked at about the same time.
 * Events come when they end, so an unanswered query comes after its second try: the rule reads times, not the order of events.
 */
import { QUERY_TYPE } from "../model/codes.ts";
import type { DnsEvent } from "../model/kernel_event.ts";

const NEAR_NS = 1e9;
/** A query without an answer is told 5 s after it was asked, and up to a second later. */
const REMEMBER_NS = 7e9;
const NXDOMAIN = 3;
const ADDRESSES: readonly number[] = [QUERY_TYPE.A, QUERY_TYPE.AAAA, QUERY_TYPE.SVCB, QUERY_TYPE.HTTPS];
/** Bounds: processes remembered; open look-ups of one; queries compared with in one. */
const MAX_PROCESSES = 4096;
const MAX_LOOKUPS = 64;
const MAX_QUERIES = 64;

interface Query {
  readonly name: string;
  readonly type: number;
  readonly id: string;
  readonly tid: number;
  readonly cookie: string;
  readonly server: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly answered: boolean;
  readonly settled: boolean;
}

interface Lookup {
  readonly id: string;
  readonly queries: Query[];
  startNs: number;
  endNs: number;
}

/** True when two different names come from one search list: same beginning, and one rest is the end of the other. */
export function sameWithoutSuffix(a: string, b: string): boolean {
  const [x, y] = [a.split("."), b.split(".")];
  let common = 0;
  while (common < x.length && common < y.length && x[common] === y[common]) common++;
  if (common === 0) return false;
  const [restA, restB] = [x.slice(common).join("."), y.slice(common).join(".")];
  return restA === "" || restB === "" || restA.endsWith("." + restB) || restB.endsWith("." + restA);
}

export class Resolutions {
  readonly #processes = new Map<string, Lookup[]>();

  /** The look-up of this query, by a name that holds for the life of the machine: the pid, and when the query told first began. */
  of(event: DnsEvent): string {
    const lookups = this.#lookups(event);
    const query = asQuery(event);
    let lookup = nearest(query, lookups.filter((one) => belongs(query, one)));
    if (lookup === undefined) {
      const { startNs, endNs } = query;
      lookup = { id: `${event.owner.pid}.${startNs}`, queries: [], startNs, endNs };
      lookups.push(lookup);
      if (lookups.length > MAX_LOOKUPS) lookups.shift();
    }
    lookup.queries.push(query);
    if (lookup.queries.length > MAX_QUERIES) lookup.queries.shift();
    lookup.startNs = Math.min(lookup.startNs, query.startNs);
    lookup.endNs = Math.max(lookup.endNs, query.endNs);
    return lookup.id;
  }

  #lookups({ owner, tsNs }: DnsEvent): Lookup[] {
    const key = `${owner.pid}|${owner.startNs}`;
    const open = (this.#processes.get(key) ?? []).filter((lookup) => lookup.endNs >= tsNs - REMEMBER_NS);
    this.#processes.delete(key); // the keys' order is that of last use
    this.#processes.set(key, open);
    for (const oldest of this.#processes.keys()) {
      if (this.#processes.size <= MAX_PROCESSES) break;
      this.#processes.delete(oldest);
    }
    return open;
  }
}

function asQuery(event: DnsEvent): Query {
  return {
    name: event.queryName.toLowerCase().replace(/\.$/, ""),
    type: event.queryType,
    id: `${event.cookie}/${event.queryId}`,
    tid: event.owner.tid,
    cookie: event.cookie,
    server: event.tuple.dstIp,
    startNs: event.startNs,
    endNs: event.tsNs,
    answered: event.rcode !== null,
    settled: (event.rcode === 0 && !event.truncated) || event.rcode === NXDOMAIN,
  };
}

function together(a: Query, b: Query): boolean {
  return a.tid === b.tid || (a.cookie === b.cookie && a.cookie !== "0");
}

function nearest(query: Query, lookups: readonly Lookup[]): Lookup | undefined {
  const own = lookups.filter(({ queries }) => queries.some((other) => together(query, other)));
  const distance = ({ queries }: Lookup) =>
    Math.min(...queries.map(({ startNs }) => Math.abs(startNs - query.startNs)));
  return (own.length > 0 ? own : [...lookups]).sort((a, b) => distance(a) - distance(b))[0];
}

function belongs(query: Query, { queries, startNs, endNs }: Lookup): boolean {
  return query.startNs <= endNs + NEAR_NS && query.endNs + NEAR_NS >= startNs &&
    queries.some((other) => alike(query, other)) && !queries.some((other) => rivals(query, other));
}

function alike(a: Query, b: Query): boolean {
  const types = a.type === b.type || (ADDRESSES.includes(a.type) && ADDRESSES.includes(b.type));
  return types && (a.name === b.name || sameWithoutSuffix(a.name, b.name));
}

function rivals(a: Query, b: Query): boolean {
  if (a.name !== b.name || a.type !== b.type || (a.id === b.id && a.cookie !== "0")) return false;
  const [first, second] = a.startNs <= b.startNs ? [a, b] : [b, a];
  const overlap = first.endNs > second.startNs;
  if (!overlap) return first.settled;
  return !together(a, b) || (first.answered && a.server === b.server);
}
