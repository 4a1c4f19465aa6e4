/** The writer's side of finding chunks by trace: see recent_traces.ts. Everything is done inside the writer's transactions. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Row } from "./journal_db.ts";
import { keysOf } from "./recent_traces.ts";

/** Keys that are moved into the index together: at any time, and when there is nothing else to do. */
const MOVE_FROM = 32_768;
const MOVE_FROM_IDLE = 4_096;
/** Rows written in one transaction beside what it is for. */
const STEP = 256;
const STEP_IDLE = 2_048;

interface Move {
  /** In the order of the index. */
  readonly keys: Float64Array;
  readonly chunks: ReadonlyMap<number, number>;
  /** Rows for keys that more than one of the chunks hold. */
  readonly again: readonly (readonly [number, number])[];
  /** Everything up to this chunk is in it. */
  readonly upTo: number;
}

export class TraceIndex {
  readonly #db: DatabaseSync;
  readonly #keep: StatementSync;
  readonly #insert: StatementSync;
  /** Chunk by key, and what has no place there because its key is taken. */
  #pending = new Map<number, number>();
  #again: [number, number][] = [];
  #upTo = 0;
  #move: Move | null = null;
  /** Rows of `#move` that are committed, and that are written. */
  #moved = 0;
  #written = 0;
  /** Of the transaction under way. */
  #added: [number, Float64Array][] = [];

  /** @param db with the tables */
  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#keep = db.prepare("INSERT INTO recent VALUES (?, ?)");
    this.#insert = db.prepare("INSERT OR IGNORE INTO trace VALUES (?, ?)");
    this.reload();
  }

  /** Whether there is enough to be moved when nothing else is to be done. */
  get isDue(): boolean {
    return this.#move !== null || this.#pending.size >= MOVE_FROM_IDLE;
  }

  /** What the table says, after something else changed it. */
  reload(): void {
    [this.#pending, this.#again, this.#move, this.#moved] = [new Map(), [], null, 0];
    for (const { last, keys } of this.#db.prepare("SELECT last, keys FROM recent ORDER BY last").all() as Row[]) {
      this.#remember(Number(last), keysOf(keys));
    }
  }

  /** @param last sequence of the chunk's last entry */
  add(last: number, keys: Float64Array<ArrayBuffer>): void {
    if (keys.length === 0) return;
    this.#keep.run(last, new Uint8Array(keys.buffer));
    this.#added.push([last, keys]);
  }

  /** Moves a few keys, if enough of them wait. */
  step(idle = false): void {
    if (this.#move === null && this.#pending.size >= (idle ? MOVE_FROM_IDLE : MOVE_FROM)) this.#begin();
    const move = this.#move;
    if (move === null) return;
    const { keys, chunks, again, upTo } = move;
    const added = this.#added.reduce((sum, [, { length }]) => sum + length, 0);
    const until = Math.min(keys.length + again.length, this.#moved + Math.max(idle ? STEP_IDLE : STEP, 2 * added));
    for (let i = this.#moved; i < until; i++) {
      if (i < keys.length) this.#insert.run(keys[i]!, chunks.get(keys[i]!)!);
      else this.#insert.run(...again[i - keys.length]!);
    }
    this.#written = until;
    if (until === keys.length + again.length) this.#db.prepare("DELETE FROM recent WHERE last <= ?").run(upTo);
  }

  /** The transaction is over. */
  settle(committed: boolean): void {
    const added = this.#added.splice(0);
    if (!committed) {
      this.#written = this.#moved;
      return;
    }
    for (const [last, keys] of added) this.#remember(last, keys);
    this.#moved = this.#written;
    if (this.#move === null || this.#moved < this.#move.keys.length + this.#move.again.length) return;
    [this.#move, this.#moved, this.#written] = [null, 0, 0];
  }

  #begin(): void {
    const keys = Float64Array.from(this.#pending.keys()).sort();
    this.#move = { keys, chunks: this.#pending, again: this.#again, upTo: this.#upTo };
    [this.#pending, this.#again] = [new Map(), []];
  }

  #remember(last: number, keys: Float64Array): void {
    for (const key of keys) {
      if (this.#pending.has(key)) this.#again.push([key, last]);
      else this.#pending.set(key, last);
    }
    this.#upTo = last;
  }
}
