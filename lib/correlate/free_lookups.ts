/** The look-ups of a process until connects take them: a look-up carries no cookie, so it is tied by what follows it. */
import type { DnsEvent } from "../model/kernel_event.ts";

/** A look-up is followed by the connect it was for, or by the next look-up of the same resolution, within this. */
const SOON_NS = 100e6;

export class FreeLookups {
  /** By when they ended. */
  readonly #lookups: readonly DnsEvent[];
  readonly #free: Set<DnsEvent>;

  constructor(lookups: readonly DnsEvent[]) {
    this.#lookups = lookups.toSorted((a, b) => a.tsNs - b.tsNs);
    this.#free = new Set(this.#lookups);
  }

  /** Those that nobody took: they led to no connect. */
  get left(): DnsEvent[] {
    return [...this.#free];
  }

  /**
   * Takes the resolution a connect was made after: of the name answered last, of each of its questions the look-up that has waited
   * longest; and backwards from there what had been asked for it in vain (a search list, a second try). Connects take theirs in
   * their order.
   */
  take(connectNs: number): DnsEvent[] {
    const last = this.#before(connectNs).at(-1);
    if (last === undefined) return [];
    const { queryName } = last;
    const taken = this.#claim(onePerQuestion(this.#before(connectNs).filter((event) => event.queryName === queryName)));
    for (let at = connectNs;;) {
      const began = Math.min(...taken.map(({ startNs }) => startNs));
      if (began >= at) return taken;
      at = began;
      const inVain = this.#before(at).filter((event) => event.rcode !== 0 && sameHost(event.queryName, queryName));
      taken.push(...this.#claim(onePerQuestion(inVain.reverse())));
    }
  }

  #claim(lookups: readonly DnsEvent[]): DnsEvent[] {
    for (const lookup of lookups) this.#free.delete(lookup);
    return [...lookups];
  }

  /** Free ones that ended soon enough before `ns`, by when they ended. */
  #before(ns: number): DnsEvent[] {
    const found: DnsEvent[] = [];
    for (let i = this.#firstAt(ns - SOON_NS); i < this.#lookups.length && this.#lookups[i]!.tsNs <= ns; i++) {
      if (this.#free.has(this.#lookups[i]!)) found.push(this.#lookups[i]!);
    }
    return found;
  }

  #firstAt(ns: number): number {
    return lowerBound(this.#lookups.length, (i) => this.#lookups[i]!.tsNs < ns);
  }
}

/** How many of these connects (when they began, ascending) came soon enough after the answer to be what it was asked for. */
export function rivalsOf({ tsNs }: DnsEvent, connects: readonly number[]): number {
  const at = (ns: number) => lowerBound(connects.length, (i) => connects[i]! < ns);
  return at(tsNs + SOON_NS) - at(tsNs);
}

function onePerQuestion(lookups: readonly DnsEvent[]): DnsEvent[] {
  const first = new Map<string, DnsEvent>();
  for (const lookup of lookups) {
    const question = `${lookup.queryName} ${lookup.queryType}`;
    if (!first.has(question)) first.set(question, lookup);
  }
  return [...first.values()];
}

/** The same name with or without another suffix of a search list. */
function sameHost(a: string, b: string): boolean {
  const label = (name: string) => name.toLowerCase().split(".", 1)[0];
  return label(a) === label(b);
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
