/** The look-ups of a process until connects take them: no cookie ties a look-up to its connect, so what follows it does. */
import type { DnsEvent } from "../model/kernel_event.ts";
import { Resolutions } from "./resolutions.ts";

/** A connect follows the answer it was made with this soon. */
const SOON_NS = 100e6;
/** A query is given up this long after it was asked; the others of its look-up may have been answered long before. */
const PATIENCE_NS = 5e9;

interface Lookup {
  /** By when they ended. */
  readonly queries: readonly DnsEvent[];
  readonly startNs: number;
  readonly endNs: number;
}

export class FreeLookups {
  /** By when their last query ended. */
  readonly #lookups: readonly Lookup[];
  readonly #free: Set<Lookup>;

  constructor(events: readonly DnsEvent[]) {
    const untold = new Resolutions();
    const byLookup = Map.groupBy(
      events.toSorted((a, b) => a.tsNs - b.tsNs),
      (event) => event.resolution ?? untold.of(event),
    );
    this.#lookups = [...byLookup.values()].map((queries) => ({
      queries,
      startNs: Math.min(...queries.map(({ startNs }) => startNs)),
      endNs: queries.at(-1)!.tsNs,
    })).sort((a, b) => a.endNs - b.endNs);
    this.#free = new Set(this.#lookups);
  }

  /** Those that nobody took: they led to no connect. */
  get left(): (readonly DnsEvent[])[] {
    return [...this.#free].map(({ queries }) => queries);
  }

  /**
   * Takes the look-up a connect was made after: of the name answered last, the look-up that has waited longest. Connects take theirs in
   * their order. What was asked and not answered by then was not waited for beyond the last answer.
   */
  take(connectNs: number): { readonly lookups: readonly DnsEvent[]; readonly answeredNs: number } | null {
    const ready = this.#before(connectNs);
    const last = ready.reduce<Ready | undefined>(
      (a, b) => a !== undefined && a.answeredNs > b.answeredNs ? a : b,
      undefined,
    );
    if (last === undefined) return null;
    const name = hostOf(last.lookup);
    const { lookup, answeredNs } = ready.filter((other) => hostOf(other.lookup) === name)
      .reduce((a, b) => b.lookup.startNs < a.lookup.startNs ? b : a);
    this.#free.delete(lookup);
    const lookups = lookup.queries.filter(({ startNs }) => startNs < answeredNs)
      .map((event) => event.tsNs <= answeredNs ? event : { ...event, tsNs: answeredNs });
    return { lookups, answeredNs };
  }

  /** Free ones of which an answer came soon enough before `ns`, with the last such answer. */
  #before(ns: number): Ready[] {
    const found: Ready[] = [];
    for (let i = this.#firstAt(ns - SOON_NS); i < this.#lookups.length; i++) {
      const lookup = this.#lookups[i]!;
      if (lookup.endNs > ns + PATIENCE_NS) break;
      if (!this.#free.has(lookup)) continue;
      const answer = lookup.queries.findLast(({ tsNs, rcode }) => tsNs <= ns && rcode !== null);
      if (answer !== undefined && answer.tsNs >= ns - SOON_NS) found.push({ lookup, answeredNs: answer.tsNs });
    }
    return found;
  }

  #firstAt(ns: number): number {
    return lowerBound(this.#lookups.length, (i) => this.#lookups[i]!.endNs < ns);
  }
}

interface Ready {
  readonly lookup: Lookup;
  readonly answeredNs: number;
}

/** How many of these connects (when they began, ascending) came soon enough after an answer to be what it was asked for. */
export function rivalsOf(answeredNs: number, connects: readonly number[]): number {
  const at = (ns: number) => lowerBound(connects.length, (i) => connects[i]! < ns);
  return at(answeredNs + SOON_NS) - at(answeredNs);
}

/** The name without the suffixes of a search list. */
function hostOf({ queries }: Lookup): string {
  return queries[0]!.queryName.toLowerCase().split(".", 1)[0]!;
}

/** The first of `length` positions that is not below. */
function lowerBound(length: number, below: (i: number) => boolean): number {
  let low = 0, high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (below(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
