/**
 * Which DNS queries are one look-up ("resolution"). A query belongs with an earlier one of the same process when all of this holds:
 * - near: it was asked before or within 1 s after the other ended;
 * - alike: it asks for the same name, or one that differs by a search suffix; and for the same type, or both for addresses. Suffixes of
 *   which none ends in another (`search a.test b.test`) are told by this: the same thread asked on at once, for a name with the same first
 *   label, when it had heard that there is nothing under the one before. A crawler may do the same, and is taken for it;
 * - no rival: where both ask the very same question, one must be a second try of the other: the same id on the same socket, another
 *   server, or the first got no answer that settles it (a good one that was not cut, or NXDOMAIN) before the second was asked;
 * - together: they came from one thread or one socket; from different ones (Go asks for A and AAAA side by side) they must not ask the
 *   same question at the same time.
 * Of several look-ups it could belong to, one of its own thread or socket is taken, then the one that asked at about the same time.
 * Events come when they end, so an unanswered query comes after its second try: the rule reads times, not the order of events.
 */
import { QUERY_TYPE } from "../model/codes.ts";
import type { DnsEvent, Owner } from "../model/kernel_event.ts";

const NEAR_NS = 1e9;
/** A resolver that goes through its search list asks on at once; on a busy machine its thread may have to wait for a CPU. */
const AT_ONCE_NS = 2e7;
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
  /** It asks for an address. */
  readonly address: boolean;
  readonly queryId: number;
  readonly tid: number;
  readonly cookie: string;
  readonly server: string;
  readonly startNs: number;
  readonly endNs: number;
  readonly answered: boolean;
  readonly settled: boolean;
  /** There is no such name, or nothing of that type under it. */
  readonly nothing: boolean;
  /** Since when it is; infinite: it is not. */
  readonly settledNs: number;
}

interface Lookup {
  readonly id: string;
  readonly queries: Query[];
  startNs: number;
  endNs: number;
}

/** The look-ups of one process that a query may still belong to. */
interface Open {
  readonly lookups: Lookup[];
  /** None of them ended before this: until then there is nothing to forget. */
  oldestNs: number;
}

/** True when two different names come from one search list: same beginning, and one rest is the end of the other. */
export function sameWithoutSuffix(a: string, b: string): boolean {
  if (!sameFirstLabel(a, b)) return false; // nearly always, and found out without a copy
  const [x, y] = [a.split("."), b.split(".")];
  let common = 0;
  while (common < x.length && common < y.length && x[common] === y[common]) common++;
  const [restA, restB] = [x.slice(common).join("."), y.slice(common).join(".")];
  return restA === "" || restB === "" || restA.endsWith("." + restB) || restB.endsWith("." + restA);
}

const DOT = 46;

function sameFirstLabel(a: string, b: string): boolean {
  for (let i = 0;; i++) {
    const [x, y] = [i < a.length ? a.charCodeAt(i) : DOT, i < b.length ? b.charCodeAt(i) : DOT];
    if (x !== y) return false;
    if (x === DOT) return true;
  }
}

export class Resolutions {
  readonly #processes = new Map<string, Open>();
  /** Of the query before: most come one after the other from the same process. */
  #last: { readonly owner: Owner; readonly open: Open } | undefined;

  /** The look-up of this query, by a name that holds for the life of the machine: the pid, and when the query told first began. */
  of(event: DnsEvent): string {
    const open = this.#lookups(event);
    const query = asQuery(event);
    let lookup = nearest(query, open.lookups);
    if (lookup === undefined) {
      const { startNs, endNs } = query;
      lookup = { id: `${event.owner.pid}.${startNs}`, queries: [], startNs, endNs };
      open.lookups.push(lookup);
      open.oldestNs = Math.min(open.oldestNs, endNs);
      if (open.lookups.length > MAX_LOOKUPS) open.lookups.shift();
    }
    lookup.queries.push(query);
    if (lookup.queries.length > MAX_QUERIES) lookup.queries.shift();
    lookup.startNs = Math.min(lookup.startNs, query.startNs);
    lookup.endNs = Math.max(lookup.endNs, query.endNs);
    return lookup.id;
  }

  #lookups({ owner, tsNs }: DnsEvent): Open {
    const open = this.#last?.owner === owner ? this.#last.open : this.#openOf(owner);
    if (this.#last?.owner !== owner) this.#last = { owner, open };
    if (open.oldestNs < tsNs - REMEMBER_NS) forget(open, tsNs - REMEMBER_NS);
    return open;
  }

  #openOf(owner: Owner): Open {
    const key = `${owner.pid}|${owner.startNs}`;
    const open = this.#processes.get(key) ?? { lookups: [], oldestNs: Infinity };
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
  const settled = (event.rcode === 0 && !event.truncated) || event.rcode === NXDOMAIN;
  const name = event.queryName.toLowerCase();
  return {
    name: name.endsWith(".") ? name.slice(0, -1) : name,
    type: event.queryType,
    address: ADDRESSES.includes(event.queryType),
    queryId: event.queryId,
    tid: event.owner.tid,
    cookie: event.cookie,
    server: event.tuple.dstIp,
    startNs: event.startNs,
    endNs: event.tsNs,
    answered: event.rcode !== null,
    settled,
    settledNs: settled ? event.tsNs : Infinity,
    nothing: event.rcode === NXDOMAIN || (event.rcode === 0 && event.answers === 0 && !event.truncated),
  };
}

function together(a: Query, b: Query): boolean {
  return a.tid === b.tid || (a.cookie === b.cookie && a.cookie !== "0");
}

/** Takes out what ended before `ns`, in place. */
function forget(open: Open, ns: number): void {
  const { lookups } = open;
  let kept = 0;
  open.oldestNs = Infinity;
  for (const lookup of lookups) {
    if (lookup.endNs < ns) continue;
    lookups[kept++] = lookup;
    open.oldestNs = Math.min(open.oldestNs, lookup.endNs);
  }
  lookups.length = kept;
}

/** Of those it belongs to: one of its own thread or socket, then the one that asked at about the same time; the first of equals. */
function nearest(query: Query, lookups: readonly Lookup[]): Lookup | undefined {
  let best: { readonly lookup: Lookup; readonly own: boolean; readonly distance: number } | undefined;
  for (const lookup of lookups) {
    if (isAskedAgain(query, lookup.queries[0]!) || !belongs(query, lookup)) continue;
    const own = lookup.queries.some((other) => together(query, other));
    const distance = lookup.queries.reduce(
      (least, { startNs }) => Math.min(least, Math.abs(startNs - query.startNs)),
      Infinity,
    );
    if (best === undefined || (own === best.own ? distance < best.distance : own)) best = { lookup, own, distance };
  }
  return best?.lookup;
}

/** A rival for sure, told from the others quickly: what a busy process asks is mostly what it has asked before, and knows the answer of. */
function isAskedAgain(query: Query, other: Query): boolean {
  return query.name === other.name && query.type === other.type && query.queryId !== other.queryId &&
    other.settledNs <= query.startNs && other.startNs < query.startNs;
}

/** Plain loops: of a busy process every query is compared with hundreds. */
function belongs(query: Query, { queries, startNs, endNs }: Lookup): boolean {
  if (query.startNs > endNs + NEAR_NS || query.endNs + NEAR_NS < startNs) return false;
  let any = false;
  for (let i = 0; i < queries.length; i++) {
    const other = queries[i]!;
    if (rivals(query, other)) return false;
    any ||= alike(query, other);
  }
  return any;
}

function alike(a: Query, b: Query): boolean {
  const types = a.type === b.type || (a.address && b.address);
  return types && (a.name === b.name || sameWithoutSuffix(a.name, b.name) || wentOn(a, b) || wentOn(b, a));
}

function wentOn(before: Query, after: Query): boolean {
  const pauseNs = after.startNs - before.endNs;
  return before.nothing && pauseNs >= 0 && pauseNs <= AT_ONCE_NS && before.tid === after.tid &&
    sameFirstLabel(before.name, after.name);
}

function rivals(a: Query, b: Query): boolean {
  if (a.name !== b.name || a.type !== b.type) return false;
  if (a.queryId === b.queryId && a.cookie === b.cookie && a.cookie !== "0") return false;
  const first = a.startNs <= b.startNs ? a : b;
  const second = first === a ? b : a;
  const overlap = first.endNs > second.startNs;
  if (!overlap) return first.settled;
  return !together(a, b) || (first.answered && a.server === b.server);
}
