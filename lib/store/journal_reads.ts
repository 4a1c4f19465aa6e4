/** What a store on disk answers, whether it is also written here or only read: each answer is a promise, as everywhere in Store. */
import type { Receipt } from "../model/receipt.ts";
import type { JournalReader } from "./journal_reader.ts";
import { inSlices } from "./slices.ts";
import type { Entry, Filter, NamedKind, Period, TimedKind, Window } from "./store.ts";

export abstract class JournalReads {
  /** Closed by whoever opened it. */
  protected constructor(protected readonly reader: JournalReader) {}

  // deno-lint-ignore require-await -- what reading throws is a rejection
  async receipt(key: string): Promise<Receipt | null> {
    return this.reader.receipt(key);
  }

  // deno-lint-ignore require-await -- as above
  async after(seq: number, limit: number, filter?: Filter): Promise<readonly Entry[]> {
    return this.reader.after(seq, limit, filter);
  }

  // deno-lint-ignore require-await -- as above
  async unjudged(seq: number, limit: number): Promise<readonly Entry[]> {
    return this.reader.unjudged(seq, limit);
  }

  // deno-lint-ignore require-await -- as above
  async ofTrace(traceId: string): Promise<readonly Entry[]> {
    return this.reader.ofTrace(traceId);
  }

  during(kind: TimedKind, window: Window): Promise<readonly Entry[]> {
    return inSlices(this.reader.during(kind, window));
  }

  // deno-lint-ignore require-await -- as above
  async mark(traceId: string, period: Period): Promise<string> {
    return this.reader.mark(traceId, period);
  }

  // deno-lint-ignore require-await -- as above
  async newest(limit: number, filter?: Filter & { readonly sinceNs?: bigint }): Promise<readonly Entry[]> {
    const found: Entry[] = [];
    for (const _ of this.reader.newest(limit, filter ?? {}, (entry) => found.push(entry)));
    return found;
  }

  eachNewest(
    limit: number,
    filter: Filter & { readonly sinceNs?: bigint },
    visit: (entry: Entry) => void,
  ): Promise<void> {
    return inSlices(this.reader.newest(limit, filter, visit));
  }

  // deno-lint-ignore require-await -- as above
  async byId(kind: NamedKind, id: string): Promise<Entry | null> {
    return this.reader.byId(kind, id);
  }
}
