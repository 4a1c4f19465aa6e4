/** A journal as it is on disk, to read: also while a collector writes it, and of snapshots. */
import { UnsupportedError } from "../model/errors.ts";
import { COUNTS, databasePath, type Row } from "./journal_db.ts";
import { JournalReader } from "./journal_reader.ts";
import { JournalReads } from "./journal_reads.ts";
import { type Kind, KINDS, type Store, type StoreState } from "./store.ts";

export class JournalView extends JournalReads implements Store {
  /** @throws IoError, IntegrityError, UnsupportedError */
  constructor(readonly dir: string) {
    super(new JournalReader(databasePath(dir)));
  }

  append(): Promise<never> {
    return Promise.reject(new UnsupportedError(`Cannot write "${this.dir}": it was opened to be read`));
  }

  appendRequest(): Promise<never> {
    return this.append();
  }

  readonly judgedUpTo = 0;
  judged(): void {}

  /** Never calls back: nothing is committed here. */
  onCommit(): Disposable {
    return { [Symbol.dispose]: () => {} };
  }

  state(): StoreState {
    const { floor, last, bytes, held, evicted } = this.reader.totals();
    return { first: floor + 1, last, bytes, held: byKind(held), evicted: byKind(evicted), indexes: "READY" };
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.reader[Symbol.dispose]();
    return Promise.resolve();
  }
}

function byKind(row: Row): Record<Kind, number> {
  return Object.fromEntries(KINDS.map((kind, i) => [kind, Number(row[COUNTS[i]!])])) as Record<Kind, number>;
}
