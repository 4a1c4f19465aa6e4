/**
 * Which of the newest chunks hold a trace. Trace ids are random, so that writing a row for each of them into an index, as they come, would
 * touch a page of the index for each: they are first kept beside their chunk, and moved into the index many at a time, in its order.
 */
import type { Row } from "./journal_db.ts";

/** `recent`: keys of the traces of a chunk (64-bit floats, little-endian) that are not in `trace` yet. `progress`: one row. */
export const RECENT = `
CREATE TABLE IF NOT EXISTS recent (last INTEGER PRIMARY KEY, keys BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), judged INTEGER NOT NULL);
INSERT OR IGNORE INTO progress SELECT 1, coalesce(max(last), 0) FROM chunk;
`;

/** @param keys as `recent` holds them */
export function keysOf(keys: unknown): Float64Array {
  return new Float64Array((keys as Uint8Array).slice().buffer);
}

/** For a reader, beside a writer: what it read before is not read again. */
export class RecentTraces {
  /** Keys by chunk, the oldest first, and chunks by key. */
  readonly #chunks = new Map<number, Float64Array>();
  readonly #holding = new Map<number, readonly number[]>();
  #newest = 0;

  constructor(readonly all: (sql: string, ...values: number[]) => readonly Row[]) {}

  /** Sequences of the last entry of each chunk in the table that holds a trace with this key. */
  holding(key: number): readonly number[] {
    this.#refresh();
    return this.#holding.get(key) ?? [];
  }

  #refresh(): void {
    const [ends] = this.all("SELECT min(last) AS oldest FROM recent");
    const oldest = Number(ends?.oldest ?? Infinity);
    for (const [last, keys] of this.#chunks) {
      if (last >= oldest) break;
      this.#chunks.delete(last);
      for (const key of keys) this.#forget(key, last);
    }
    for (const { last, keys } of this.all("SELECT last, keys FROM recent WHERE last > ? ORDER BY last", this.#newest)) {
      const own = keysOf(keys);
      this.#chunks.set(this.#newest = Number(last), own);
      for (const key of own) this.#holding.set(key, [...this.#holding.get(key) ?? [], this.#newest]);
    }
  }

  #forget(key: number, last: number): void {
    const left = (this.#holding.get(key) ?? []).filter((other) => other !== last);
    if (left.length === 0) this.#holding.delete(key);
    else this.#holding.set(key, left);
  }
}
