/**
 * Reads a journal's database, in whatever thread or process; also while somebody writes it. Everything here is synchronous; what may take
 * long is a generator that stops after every chunk, so that it need not be done at a stretch.
 */
import type { Receipt } from "../model/receipt.ts";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type ChunkEntries, traceKey } from "./chunk.ts";
import { ChunkCache, ReadChunk } from "./chunk_cache.ts";
import { sumOf } from "./digest.ts";
import { COUNTS, hasTable, openForReading, pragma, type Row } from "./journal_db.ts";
import { openChunk } from "./open_chunk.ts";
import { DURING, kindBit } from "./periods.ts";
import {
  type Entry,
  type Filter,
  inWindow,
  isDuring,
  type Kind,
  KINDS,
  matches,
  type NamedKind,
  type Period,
  type TimedKind,
  type Window,
} from "./store.ts";
import { RecentTraces } from "./recent_traces.ts";
import { IntegrityError, sqliteError } from "./store_errors.ts";

/** Chunks looked at between two looks at the database. */
const PAGE = 64;
/** Chunks near each other in time that are read together: mostly they are neighbours. */
const RANGE = 32;

export interface Totals {
  /** Everything up to this sequence was trimmed. */
  readonly floor: number;
  readonly last: number;
  readonly bytes: number;
  /** Rows with a column for each of COUNTS. */
  readonly held: Row;
  readonly evicted: Row;
}

export class JournalReader implements Disposable {
  readonly path: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #cache = new ChunkCache();
  readonly #recent: RecentTraces;
  /** The chunk that `unjudged` is in the middle of. */
  #unjudged: ChunkEntries | null = null;
  /** A store of the format before, that nobody has written since, is not found by time. */
  readonly #hasPeriods: boolean;

  /** @param path of a database @throws IoError, IntegrityError, UnsupportedError */
  constructor(path: string) {
    this.path = path;
    this.#db = openForReading(path);
    this.#hasPeriods = pragma(this.#db, "user_version") > 1;
    this.#recent = new RecentTraces(
      hasTable(this.#db, "recent") ? (sql, ...values) => this.#all(sql, ...values) : () => [],
    );
  }

  after(seq: number, limit: number, filter: Filter = {}): Entry[] {
    const found: Entry[] = [];
    for (let from = seq; found.length < limit;) {
      const chunks = this.#all(
        `SELECT last, first, sum, body FROM chunk${holding(filter.kinds)} AND last > ? ORDER BY last LIMIT ?`,
        from,
        8,
      );
      if (chunks.length === 0) break;
      for (const row of chunks) {
        if (found.length >= limit) break;
        const lines = this.#lines(row);
        for (let i = Math.max(0, seq + 1 - lines.first); i < lines.length && found.length < limit; i++) {
          if (filter.kinds?.includes(lines.kind(i)) === false) continue;
          const entry = lines.entry(i);
          if (matches(entry, filter)) found.push(entry);
        }
        from = Number(row.last);
      }
    }
    return found;
  }

  /** Asked for a few at a time, each time for those behind the last: their chunk is read once. */
  unjudged(seq: number, limit: number): Entry[] {
    const found: Entry[] = [];
    for (let from = seq; found.length < limit;) {
      const lines = this.#unjudgedChunk(from);
      if (lines === null) break;
      const { first, length } = lines;
      for (let i = Math.max(0, seq + 1 - first); i < length && found.length < limit; i++) {
        if (["span", "probe"].includes(lines.kind(i))) found.push(lines.sent(i));
        from = first + i;
      }
    }
    return found;
  }

  ofTrace(traceId: string): Entry[] {
    const id = traceId.toLowerCase();
    return this.#chunksOf(id).flatMap((last) => [...this.#read(last)?.ofTrace(id) ?? []]);
  }

  *during(kind: TimedKind, window: Window): Generator<void, Entry[]> {
    const far = (last: number) => Math.abs(last - window.around);
    const lasts = this.#chunksDuring([kind], window).sort((a, b) => a - b);
    const found: Entry[] = [];
    const look = (chunk: ReadChunk | null) => {
      for (const entry of chunk?.ofKind(kind) ?? []) if (isDuring(entry, kind, window)) found.push(entry);
    };
    // All of them, as they lie, where that cannot be too many.
    if (lasts.length > 0 && lasts.at(-1)! - lasts[0]! <= window.limit) {
      for (const chunks of this.#readMany(lasts, kind)) {
        chunks.forEach(look);
        yield;
      }
      return inWindow(found, window);
    }
    for (const last of lasts.sort((a, b) => far(a) - far(b))) {
      if (found.length >= window.limit) break;
      look(this.#read(last));
      yield;
    }
    return inWindow(found, window);
  }

  /** Chunks never change: what is found is known by where it lies. */
  mark(traceId: string, period: Period): string {
    return `${this.#chunksOf(traceId).join()};${this.#chunksDuring(["span", "probe"], period).join()}`;
  }

  /** The newest first. @param visit is told of each */
  *newest(
    limit: number,
    filter: Filter & { readonly sinceNs?: bigint },
    visit: (entry: Entry) => void,
  ): Generator<void, void> {
    let found = 0;
    for (const chunk of this.#newestChunks(filter)) {
      for (let i = chunk.lines.length - 1; i >= 0; i--) {
        if (found >= limit) return;
        if (filter.kinds?.includes(chunk.lines.kind(i)) === false) continue;
        const entry = chunk.entry(i);
        if (!matches(entry, filter) || filter.sinceNs !== undefined && entry.timeNs < filter.sinceNs) continue;
        found++;
        visit(entry);
      }
      yield;
    }
  }

  byId(kind: NamedKind, id: string): Entry | null {
    const number = KINDS.indexOf(kind);
    const [row] = this.#all("SELECT seq FROM named WHERE kind = ? AND id = ? ORDER BY seq DESC LIMIT 1", number, id);
    return row === undefined ? null : this.after(Number(row.seq) - 1, 1)[0] ?? null;
  }

  receipt(key: string): Receipt | null {
    const [row] = this.#all("SELECT key, digest, type, answer FROM receipt WHERE key = ?", key);
    return row === undefined ? null : { ...row } as unknown as Receipt;
  }

  /** Trace and span ids of the newest spans as one text each, oldest first. */
  spanKeys(limit: number): string[] {
    const keys: string[] = [];
    for (const { lines } of this.#newestChunks({ kinds: ["span"] })) {
      for (let i = lines.length - 1; i >= 0; i--) {
        if (keys.length >= limit) return keys.reverse();
        const key = lines.spanKey(i);
        if (key !== null) keys.push(key);
      }
    }
    return keys.reverse();
  }

  /** What is there, without reading it. */
  totals(): Totals {
    const sums = COUNTS.map((name) => `coalesce(sum(${name}), 0) AS ${name}`).join(", ");
    const [held] = this.#all(`SELECT coalesce(sum(bytes), 0) AS bytes, max(last) AS last, ${sums} FROM chunk`);
    const [evicted] = this.#all("SELECT * FROM state");
    const floor = Number(evicted!.floor);
    return { floor, last: Number(held!.last ?? floor), bytes: Number(held!.bytes), held: held!, evicted: evicted! };
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  /** Chunks that may hold what is asked for, the newest first. */
  *#newestChunks({ kinds, sinceNs }: { readonly kinds?: readonly Kind[]; readonly sinceNs?: bigint }) {
    const some = kinds === undefined ? "" : kinds.map((kind) => `${kind}s > 0`).join(" OR ");
    if (some === "" && kinds !== undefined) return;
    const [only] = kinds?.length === 1 && (kinds[0] === "slo" || kinds[0] === "incident") ? kinds : [];
    if (sinceNs === undefined && only === undefined) return yield* this.#backwards(some);
    const rows = sinceNs === undefined
      ? this.#all(`SELECT last FROM chunk INDEXED BY chunk_${only} WHERE ${only}s > 0 ORDER BY last DESC`)
      : this.#all(
        `SELECT last FROM chunk INDEXED BY chunk_newest WHERE newest_ms >= ?${some === "" ? "" : ` AND (${some})`}`,
        Number(sinceNs / 1_000_000n),
      );
    for (const last of rows.map((row) => Number(row.last)).sort((a, b) => b - a)) {
      // Incidents are few, and asked for again.
      const chunk = this.#read(last, only === "incident");
      if (chunk !== null) yield chunk;
    }
  }

  *#backwards(some: string) {
    const where = some === "" ? "" : ` AND (${some})`;
    for (let before = Number.MAX_SAFE_INTEGER;;) {
      const sql = `SELECT last, first, sum, body FROM chunk WHERE last < ?${where} ORDER BY last DESC LIMIT ?`;
      const rows = this.#all(sql, before, PAGE);
      for (const row of rows) yield new ReadChunk(this.#lines(row));
      if (rows.length < PAGE) return;
      before = Number(rows.at(-1)!.last);
    }
  }

  /** Sequences of the last entries of chunks that hold something of the trace, or of another with the same key. */
  #chunksOf(traceId: string): number[] {
    const key = traceKey(traceId.toLowerCase());
    // First what is not in the table yet: from there it only moves into the table.
    const recent = this.#recent.holding(key);
    const rows = this.#all("SELECT last FROM trace WHERE key = ?", key).map(({ last }) => Number(last));
    return [...new Set([...rows, ...recent])].sort((a, b) => a - b);
  }

  /** Sequences of their last entries; of more chunks than hold something of that time where the store has no index of it. */
  #chunksDuring(kinds: readonly TimedKind[], { startNs, endNs }: Period): number[] {
    const [fromMs, toMs] = [Number(startNs / 1_000_000n), Number(endNs / 1_000_000n)];
    const some = kinds.map((kind) => `${kind}s > 0`).join(" OR ");
    const rows = this.#hasPeriods
      ? this.#all(DURING, fromMs, toMs, kinds.reduce((bits, kind) => bits | kindBit(kind), 0))
      : this.#all(`SELECT last FROM chunk INDEXED BY chunk_newest WHERE newest_ms >= ? AND (${some})`, fromMs);
    return rows.map(({ last }) => Number(last));
  }

  /** Some at a time, many by one look at the database. @param lasts in order; all of them hold the kind */
  *#readMany(lasts: readonly number[], kind: TimedKind): Generator<ReadChunk[]> {
    for (let from = 0; from < lasts.length; from += RANGE) {
      const some = lasts.slice(from, from + RANGE);
      const chunks = some.flatMap((last) => this.#cache.get(last) ?? []);
      if (chunks.length < some.length / 2) {
        const wanted = new Set(some.filter((last) => !this.#cache.has(last)));
        const sql = `SELECT last, first, sum, body FROM chunk WHERE last BETWEEN ? AND ? AND ${kind}s > 0`;
        for (const row of this.#all(sql, some[0]!, some.at(-1)!)) {
          if (wanted.has(Number(row.last))) chunks.push(this.#keep(row));
        }
        yield chunks;
      } else yield some.flatMap((last) => this.#read(last) ?? []);
    }
  }

  /** With the first entry behind `seq`, if there is one. */
  #unjudgedChunk(seq: number): ChunkEntries | null {
    const open = this.#unjudged;
    if (open !== null && open.first <= seq + 1 && seq < open.first + open.length - 1) return open;
    const [row] = this.#all(
      "SELECT last, first, sum, body FROM chunk WHERE last > ? AND (spans > 0 OR probes > 0) ORDER BY last LIMIT 1",
      seq,
    );
    return this.#unjudged = row === undefined ? null : this.#lines(row);
  }

  /** From what was read lately where it is there. Null: it was trimmed. @param keep it will be asked for again */
  #read(last: number, keep = true): ReadChunk | null {
    const known = this.#cache.get(last);
    if (known !== undefined) return known;
    const [row] = this.#all("SELECT last, first, sum, body FROM chunk WHERE last = ?", last);
    if (row === undefined) return null;
    return keep ? this.#keep(row) : new ReadChunk(this.#lines(row));
  }

  #keep(row: Row): ReadChunk {
    const chunk = new ReadChunk(this.#lines(row));
    this.#cache.put(Number(row.last), chunk, (row.body as Uint8Array).length);
    return chunk;
  }

  /** @throws IntegrityError when a chunk is not what was written */
  #lines({ last, first, sum, body }: Row): ChunkEntries {
    if (sumOf(body as Uint8Array).toHex() !== (sum as Uint8Array).toHex()) {
      throw new IntegrityError(
        `Cannot read "${this.path}": entries ${first} to ${last} are not what was written`,
        "See sloctl store verify; sloctl store restore makes a store from a snapshot",
      );
    }
    return openChunk(body as Uint8Array, Number(first));
  }

  /** @throws IntegrityError, IoError */
  #all(sql: string, ...values: (number | string)[]): Row[] {
    try {
      let statement = this.#statements.get(sql);
      if (statement === undefined) this.#statements.set(sql, statement = this.#db.prepare(sql));
      return statement.all(...values) as Row[];
    } catch (error) {
      throw sqliteError("read", this.path, error);
    }
  }
}

/** "INDEXED BY ... WHERE ...": chunks with one of the kinds; every chunk where none is named. */
function holding(kinds: readonly Kind[] | undefined): string {
  if (kinds === undefined) return " WHERE 1";
  const [only] = kinds.length === 1 ? kinds : [];
  const index = only === "slo" || only === "incident" ? ` INDEXED BY chunk_${only}` : "";
  return `${index} WHERE (${kinds.map((kind) => `${kind}s > 0`).join(" OR ") || "0"})`;
}
