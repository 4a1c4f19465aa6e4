/** A journal as it is on disk, to read: also while a collector writes it, and of snapshots. */
import type { Receipt } from "../model/receipt.ts";
import { UnsupportedError } from "../model/errors.ts";
import { COUNTS, databasePath, type Row } from "./journal_db.ts";
import { JournalReader } from "./journal_reader.ts";
import { type Entry, type Filter, type Kind, KINDS, type NamedKind, type Store, type StoreState } from "./store.ts";

export class JournalView implements Store {
  readonly #reader: JournalReader;

  /** @throws IoError, IntegrityError, UnsupportedError */
  constructor(readonly dir: string) {
    this.#reader = new JournalReader(databasePath(dir));
  }

  append(): Promise<never> {
    return Promise.reject(new UnsupportedError(`Cannot write "${this.dir}": it was opened to be read`));
  }

  // deno-lint-ignore require-await -- what reading throws is a rejection
  async receipt(key: string): Promise<Receipt | null> {
    return this.#reader.receipt(key);
  }

  // deno-lint-ignore require-await -- as above
  async after(seq: number, limit: number, filter?: Filter): Promise<readonly Entry[]> {
    return this.#reader.after(seq, limit, filter);
  }

  // deno-lint-ignore require-await -- as above
  async ofTrace(traceId: string): Promise<readonly Entry[]> {
    return this.#reader.ofTrace(traceId);
  }

  // deno-lint-ignore require-await -- as above
  async newest(limit: number, filter?: Filter & { readonly sinceNs?: bigint }): Promise<readonly Entry[]> {
    return this.#reader.newest(limit, filter);
  }

  // deno-lint-ignore require-await -- as above
  async byId(kind: NamedKind, id: string): Promise<Entry | null> {
    return this.#reader.byId(kind, id);
  }

  /** Never calls back: nothing is committed here. */
  onCommit(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  state(): StoreState {
    const { floor, last, bytes, held, evicted } = this.#reader.totals();
    return { first: floor + 1, last, bytes, held: byKind(held), evicted: byKind(evicted), indexes: "READY" };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#reader[Symbol.dispose]();
    return Promise.resolve();
  }
}

function byKind(row: Row): Record<Kind, number> {
  return Object.fromEntries(KINDS.map((kind, i) => [kind, Number(row[COUNTS[i]!])])) as Record<Kind, number>;
}
