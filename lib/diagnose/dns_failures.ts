/**
 * Which failed DNS queries left their asker without an answer. Most do not: a search list asks for `api.ns.svc`, `api.svc`
 * and `api` in turn, and only the last answer counts; IPv4-only names answer AAAA with errors. A failed query is excused by a good
 * answer of the same look-up (lib/correlate/resolutions.ts says which queries are one)
 * - for the same name without or with another search suffix, with a record in it;
 * - to an A query, when it was not an A query itself (same name);
 * - to the same question asked again after it failed; one good answer excuses one failure;
 * - to a query that its asker gave up, when the name's address (A) had come;
 * - when nobody answered it, otherwise only to the same question within 1 s of asking: it had gone to several resolvers at once, or the next one
 *   was asked as soon as it was plain that nobody listened. Otherwise its asker did wait for it.
 * A reverse lookup (PTR) without a name is an answer, not a failure.
 */
import { QUERY_TYPE } from "../model/codes.ts";
import type { DnsEvent } from "../model/kernel_event.ts";

/** A look-up is over this long after its last failure, whatever it tried in between. */
const AROUND_NS = 5e9;
const RETRY_NS = 1e9;
const NXDOMAIN = 3;
/** Good answers are of no use once every failure they could excuse is judged. */
const REMEMBER_NS = 2 * AROUND_NS + RETRY_NS;
/** Bounds: good answers remembered per look-up, and altogether; failures not judged yet. */
const MAX_GOOD_PER_KEY = 512;
const MAX_GOOD = 32_768;
const MAX_PENDING = 8192;

interface Good {
  readonly name: string;
  readonly type: number;
  readonly startNs: number;
  readonly tsNs: number;
  /** It held a record; without one the name is known, and that is all. */
  readonly found: boolean;
  spent: boolean;
}

function normal(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** The look-up, or the query alone where nobody said what look-up it is of. */
function keyOf(event: DnsEvent): string {
  return event.resolution ?? `${event.owner.pid}.${event.startNs}/${event.queryId}`;
}

/** Judges failures as the events go by; `failed` hears of each that was not excused, in the order they happened. */
export class DnsFailures {
  readonly #good = new Map<string, Good[]>();
  #pending: DnsEvent[] = [];
  #held = 0;
  #excused = 0;

  constructor(readonly failed: (event: DnsEvent) => void) {}

  /** Failed queries whose resolution as a whole was answered. */
  get excused(): number {
    return this.#excused;
  }

  add(event: DnsEvent): void {
    if (event.rcode === 0) {
      if (!event.truncated) this.#remember(event);
    } else if (event.rcode === NXDOMAIN && event.queryType === QUERY_TYPE.PTR) {
      this.#excused++;
    } else {
      this.#pending.push(event);
    }

    let due = 0;
    const oldest = event.tsNs - AROUND_NS;
    while (due < this.#pending.length && (this.#pending[due]?.tsNs ?? 0) < oldest) due++;
    due = Math.max(due, this.#pending.length - MAX_PENDING);
    if (due > 0) this.#judge(this.#pending.splice(0, due));
  }

  /** No more events: judges what is left. */
  finish(): void {
    this.#judge(this.#pending.splice(0));
  }

  #remember(event: DnsEvent): void {
    const key = keyOf(event);
    const list = this.#good.get(key) ?? [];
    this.#good.delete(key); // the keys' order is that of last use
    this.#good.set(key, list);
    const { startNs, tsNs, queryType, answers } = event;
    list.push({ name: normal(event.queryName), type: queryType, startNs, tsNs, found: answers > 0, spent: false });
    this.#held++;
    while (list.length > MAX_GOOD_PER_KEY || (list[0]?.tsNs ?? tsNs) < tsNs - REMEMBER_NS) {
      list.shift();
      this.#held--;
    }
    for (const [stale, answers] of this.#good) {
      if (this.#held <= MAX_GOOD) break;
      this.#good.delete(stale);
      this.#held -= answers.length;
    }
  }

  #judge(failures: readonly DnsEvent[]): void {
    for (const failure of failures) {
      if (this.#isExcused(failure)) this.#excused++;
      else this.failed(failure);
    }
  }

  #isExcused(failure: DnsEvent): boolean {
    const name = normal(failure.queryName);
    const good = this.#good.get(keyOf(failure)) ?? [];
    const address = failure.queryType !== QUERY_TYPE.A && good.some((g) => g.name === name && g.type === QUERY_TYPE.A);
    if (failure.rcode === null) {
      return failure.abandoned && address ||
        good.some((g) =>
          g.name === name && g.type === failure.queryType && Math.abs(g.tsNs - failure.startNs) <= RETRY_NS
        );
    }
    if (good.some((g) => g.name !== name && g.found)) return true;
    if (address) return true;
    const retry = good.find((g) =>
      !g.spent && g.name === name && g.type === failure.queryType && g.startNs >= failure.tsNs
    );
    if (retry !== undefined) retry.spent = true;
    return retry !== undefined;
  }
}
