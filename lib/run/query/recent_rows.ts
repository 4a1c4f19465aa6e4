/**
 * The newest entries of one kind, cut down to what is asked of them over and over: each is read once, however often somebody asks. What
 * came since the last question is read when the next one comes.
 */
import type { Entry, Kind } from "../../store/store.ts";
import { Slices } from "../../store/slices.ts";
import type { Readable } from "./scoped.ts";

export interface RecentRow {
  readonly seq: number;
  /** Unix nanoseconds. */
  readonly timeNs: bigint;
  /** "" where it does not say. */
  readonly service: string;
}

/** Rows of an answer at most, and about as many are held. */
export const MOST = 100_000;
/** Rows of a block: whoever asks of some minutes passes over what is older block by block. */
const BLOCK = 256;
/** Entries read between two looks at the clock. */
const PAGE = 256;

interface Block<Row> {
  /** In the order of their sequences. */
  readonly rows: Row[];
  newestNs: bigint;
}

export interface RecentOptions<Row> {
  readonly store: Readable;
  readonly kind: Kind;
  /** Null: nothing is ever asked of it. */
  readonly rowOf: (entry: Entry) => Row | null;
  /** A row that `rowOf` made is let go. */
  readonly onGone?: (row: Row) => void;
  /** For a test. */
  readonly most?: number;
}

export class RecentRows<Row extends RecentRow> {
  readonly #options: RecentOptions<Row>;
  readonly #most: number;
  /** The oldest first. */
  #blocks: Block<Row>[] = [];
  #held = 0;
  /** Everything up to this sequence that happened at `#fromNs` or later is held; null: nothing was read yet. */
  #seen = 0;
  /** Entries of the kind that there had ever been then. */
  #told = 0;
  #fromNs: bigint | null = null;
  /** The oldest of that had no room. */
  #cut = false;
  /** One question at a time: the next one finds what this one has read. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: RecentOptions<Row>) {
    this.#options = options;
    this.#most = options.most ?? MOST;
  }

  /** Rows held. */
  get held(): number {
    return this.#held;
  }

  /**
   * @param use is given what `newest` of the store would give, MOST at most: the newest first, none that happened before `sinceNs`; it may
   * not keep them
   * @throws what the store throws
   */
  ask<T>(sinceNs: bigint, service: string | undefined, use: (rows: readonly Row[]) => T): Promise<T> {
    const answer = this.#last.then(() => this.#ask(sinceNs, service, use));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #ask<T>(sinceNs: bigint, service: string | undefined, use: (rows: readonly Row[]) => T): Promise<T> {
    const { last } = this.#options.store.state();
    const isFar = this.#toldNow() - this.#told > this.#most;
    if (this.#fromNs === null || sinceNs < this.#fromNs || isFar) await this.#load(sinceNs);
    else await this.#catchUp(last);
    const found = this.#collect(sinceNs, service);
    if (!this.#cut || found.length === this.#most) return use(found);
    // What had no room when more was asked for may be asked for now.
    if (service === undefined) {
      await this.#load(sinceNs);
      return use(this.#collect(sinceNs, service));
    }
    const { onGone = () => {} } = this.#options;
    const read = await this.#read(sinceNs, Infinity, service);
    try {
      return use(read);
    } finally {
      read.forEach(onGone);
    }
  }

  #toldNow(): number {
    const { kind, store } = this.#options;
    const { held, evicted } = store.state();
    return held[kind] + evicted[kind];
  }

  #collect(sinceNs: bigint, service: string | undefined): Row[] {
    const { first } = this.#options.store.state();
    const found: Row[] = [];
    for (let b = this.#blocks.length - 1; b >= 0; b--) {
      const { rows, newestNs } = this.#blocks[b]!;
      if (rows.at(-1)!.seq < first) break;
      if (newestNs < sinceNs) continue;
      for (let i = rows.length - 1; i >= 0; i--) {
        const row = rows[i]!;
        if (row.seq < first) break;
        if (row.timeNs < sinceNs || service !== undefined && row.service !== service) continue;
        if (found.push(row) === this.#most) return found;
      }
    }
    return found;
  }

  /** Anew, from the newest on. */
  async #load(sinceNs: bigint): Promise<void> {
    while (this.#blocks.length > 0) this.#dropBlock();
    this.#fromNs = null;
    [this.#seen, this.#told] = [this.#options.store.state().last, this.#toldNow()];
    const rows = await this.#read(sinceNs, this.#seen);
    for (const row of rows.toReversed()) this.#add(row);
    [this.#fromNs, this.#cut] = [sinceNs, rows.length === this.#most];
  }

  /** Straight from the store, up to a sequence. */
  async #read(sinceNs: bigint, upTo: number, service?: string): Promise<Row[]> {
    const { store, kind, rowOf, onGone = () => {} } = this.#options;
    const rows: Row[] = [];
    const filter = { kinds: [kind], sinceNs, ...(service === undefined ? {} : { service }) };
    try {
      await store.eachNewest(this.#most, filter, (entry) => {
        const row = entry.commitSeq > upTo ? null : rowOf(entry);
        if (row !== null) rows.push(row);
      });
    } catch (error) {
      rows.forEach(onGone);
      throw error;
    }
    return rows;
  }

  async #catchUp(last: number): Promise<void> {
    const { store, kind, rowOf } = this.#options;
    const slices = new Slices();
    const told = this.#toldNow();
    while (this.#seen < last) {
      const page = await store.after(this.#seen, PAGE, { kinds: [kind] });
      for (const entry of page) {
        const row = entry.timeNs < this.#fromNs! ? null : rowOf(entry);
        if (row !== null) this.#add(row);
      }
      this.#seen = Math.max(page.at(-1)?.commitSeq ?? 0, page.length < PAGE ? last : 0);
      if (slices.isOver) await slices.rest();
    }
    this.#told = told;
    const { first } = store.state();
    while (this.#blocks.length > 0 && this.#blocks[0]!.rows.at(-1)!.seq < first) this.#dropBlock();
    while (this.#blocks.length > 0 && this.#held - this.#blocks[0]!.rows.length >= this.#most) {
      this.#dropBlock();
      this.#cut = true;
    }
  }

  #add(row: Row): void {
    let block = this.#blocks.at(-1);
    if (block === undefined || block.rows.length === BLOCK) {
      this.#blocks.push(block = { rows: [], newestNs: row.timeNs });
    }
    block.rows.push(row);
    if (row.timeNs > block.newestNs) block.newestNs = row.timeNs;
    this.#held++;
  }

  #dropBlock(): void {
    const { rows } = this.#blocks.shift()!;
    this.#held -= rows.length;
    if (this.#options.onGone !== undefined) rows.forEach(this.#options.onGone);
  }
}
