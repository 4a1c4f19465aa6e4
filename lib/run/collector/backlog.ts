/**
 * Where judging is in the store. What was acknowledged lies there, and is judged from there in the order of its commits, however far
 * behind: a backlog takes disk and not memory, and a restart goes on where the last run was.
 */
import type { Entry, Store } from "../../store/store.ts";

export class Backlog {
  readonly #store: Store;
  readonly #apply: (entry: Entry) => void;
  #cursor: number;
  #isReading = false;
  #gone = 0;

  /** @param apply is told of spans and kernel events, each once, in order */
  constructor(store: Store, apply: (entry: Entry) => void) {
    this.#store = store;
    this.#apply = apply;
    this.#cursor = store.judgedUpTo;
  }

  /** Everything up to this sequence was applied. */
  get cursor(): number {
    return this.#cursor;
  }

  /** Entries behind it. */
  get waiting(): number {
    return Math.max(0, this.#store.state().last - this.#cursor);
  }

  /** Entries that the store let go before they were applied. */
  get gone(): number {
    return this.#gone;
  }

  /** These have just been committed. True where they are the next: then they count as applied, and need not be read again. */
  isNext({ first, last }: { readonly first: number; readonly last: number }): boolean {
    if (this.#isReading || first !== this.#cursor + 1) return false;
    this.#cursor = last;
    return true;
  }

  /** Applies `most` entries at most; false when there is nothing to apply. @throws IoError, IntegrityError */
  async read(most: number): Promise<boolean> {
    const { first, last } = this.#store.state();
    if (this.#cursor >= last) return false;
    if (this.#cursor < first - 1) {
      this.#gone += first - 1 - this.#cursor;
      this.#cursor = first - 1;
    }
    this.#isReading = true;
    try {
      const entries = await this.#store.unjudged(this.#cursor, most);
      for (const entry of entries) {
        this.#cursor = entry.commitSeq;
        this.#apply(entry);
      }
      if (entries.length < most) this.#cursor = Math.max(this.#cursor, last);
      return true;
    } finally {
      this.#isReading = false;
    }
  }
}
