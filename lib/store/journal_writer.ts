/** The one writer of a journal: appends in groups, one transaction and one sync a group. Everything here is synchronous. */
import type { Receipt } from "../model/receipt.ts";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Chunk, NAMED } from "./chunk.ts";
import { chain, hex, sumOf } from "./digest.ts";
import { COUNTS, databasePath, openForWriting, type Row } from "./journal_db.ts";
import { upgrade } from "./journal_upgrade.ts";
import { LapsedError, Lease } from "./lease.ts";
import { refuseDamage } from "./log_damage.ts";
import { changeManifest } from "./manifest.ts";
import { openChunk } from "./open_chunk.ts";
import { Periods } from "./periods.ts";
import { KINDS } from "./store.ts";
import { sqliteError } from "./store_errors.ts";
import { TraceIndex } from "./trace_index.ts";

/** What one `append` writes. */
export interface Append {
  readonly chunks: readonly Chunk[];
  readonly receipts: readonly Receipt[];
}

export interface WriterOptions {
  readonly dir: string;
  /** FULL; OFF gives up what the journal promises, and is there to be tested against. */
  readonly synchronous: string;
  readonly leaseMs: number;
  /** Who writes, for whoever is refused. */
  readonly owner: string;
  /** Chunks committed longer ago than this go, and the oldest while all are more than so many bytes. */
  readonly retainMs: number;
  readonly retainBytes: number;
  /** A log that is damaged in its middle does not stop it: it goes on without what follows. */
  readonly acceptsDamage?: boolean;
  readonly nowMs: () => number;
  /** Moves the log into the database elsewhere, and says when that is done. Without it commits wait for it. */
  readonly moveLog?: () => Promise<void>;
}

export interface JournalState {
  readonly first: number;
  readonly last: number;
  /** In hex. */
  readonly digest: string;
  /** Entries by kind, in the order of KINDS. */
  readonly held: readonly number[];
  readonly evicted: readonly number[];
  /** Of the chunks, without what finds them. */
  readonly bytes: number;
  /** Up to where everything was judged, as it is on disk. */
  readonly judged: number;
}

/** Idempotency keys are remembered so long, and so many of them. */
export const RECEIPT_MS = 24 * 3600_000;
export const MOST_RECEIPTS = 131_072;

/**
 * What the log holds is moved into the database when nothing waits and there is so much of it, and in any case for each so many bytes of
 * chunks: a part at a time, as whoever commits meanwhile waits for the disk. The log begins anew only when all of it was moved, which is
 * never so while others add to it: at its largest the writer moves the rest itself. As commits wait for that, the rest is first made
 * small: what came while the last of it was moved is moved too, until it is little beside what the log has grown to meanwhile (a
 * busy machine moves slowly), or the log is too large. A log that is written over costs less than one that grows: blocks need not be
 * found for it, nor noted in the file system's own journal with every sync.
 */
const LOG_IDLE_BYTES = 1 << 20;
const LOG_STEP_BYTES = 4 << 20;
const LOG_MOST_BYTES = 16 << 20;
const LOG_REST_BYTES = 1 << 20;
const LOG_TOO_MUCH_BYTES = 128 << 20;
/** What a commit takes in the log beside what it holds, about: pages of tables and indexes, each as a whole. */
const COMMIT_LOG_BYTES = 20 << 10;
/** How often `progress` is written at most. */
const JUDGED_EVERY_MS = 250;
/** Chunks removed in one transaction: appends wait for it. */
const TRIM_STEP = 32;

export class JournalWriter implements Disposable {
  readonly #options: WriterOptions;
  readonly #db: DatabaseSync;
  readonly #lease: Lease;
  readonly #insert: Readonly<Record<"chunk" | "named" | "receipt" | "judged", StatementSync>>;
  readonly #periods: Periods;
  readonly #traces: TraceIndex;
  #last: number;
  #digest: Uint8Array;
  #floor: number;
  #bytes: number;
  #held: number[];
  #evicted: number[];
  /** On disk, when it was written there, and as it was told last. */
  #judged: number;
  #judgedMs = 0;
  #toldJudged = 0;
  /** In the log; in the database too, of these; and whether more are on their way. */
  #logBytes = 0;
  #movedBytes = 0;
  #isMoving = false;
  /** Of chunks, since something was moved last. */
  #sinceBytes = 0;

  /** Opens, recovers what the log holds, and takes the lease. @throws IoError, IntegrityError, UnsupportedError */
  constructor(options: WriterOptions) {
    this.#options = options;
    // Without syncs nothing tells damage from a tail that was never written.
    if (options.acceptsDamage !== true && options.synchronous !== "OFF") refuseDamage(options.dir);
    this.#db = openForWriting(options.dir, options.synchronous, Math.min(2_000, options.leaseMs));
    try {
      this.#lease = new Lease(this.#db, options.dir, options.leaseMs, options.owner);
      upgrade(this.#db);
      this.#periods = new Periods(this.#db);
      this.#traces = new TraceIndex(this.#db);
      this.#judged = Number((this.#db.prepare("SELECT judged FROM progress").get() as Row).judged);
      this.#insert = {
        chunk: this.#db.prepare(`INSERT INTO chunk VALUES (${Array(13).fill("?").join(", ")})`),
        named: this.#db.prepare("INSERT INTO named VALUES (?, ?, ?)"),
        receipt: this.#db.prepare("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?, ?, ?)"),
        judged: this.#db.prepare("UPDATE progress SET judged = ?"),
      };
      const state = this.#db.prepare("SELECT * FROM state").get() as Row;
      const sums = COUNTS.map((name) => `coalesce(sum(${name}), 0) AS ${name}`).join(", ");
      const total = this.#db.prepare(`SELECT coalesce(sum(bytes), 0) AS bytes, ${sums} FROM chunk`).get() as Row;
      const newest = this.#db.prepare("SELECT last, digest FROM chunk ORDER BY last DESC LIMIT 1").get() as
        | Row
        | undefined;
      this.#floor = Number(state.floor);
      this.#last = Number(newest?.last ?? state.floor);
      this.#digest = (newest?.digest ?? state.digest) as Uint8Array;
      this.#bytes = Number(total.bytes);
      this.#held = COUNTS.map((name) => Number(total[name]));
      this.#evicted = COUNTS.map((name) => Number(state[name]));
      changeManifest(
        options.dir,
        (manifest) => ({ ...manifest, trim_point: this.#trimPoint(state.digest as Uint8Array) }),
      );
    } catch (error) {
      this.#db.close();
      throw sqliteError("open", databasePath(options.dir), error);
    }
  }

  get state(): JournalState {
    return {
      first: this.#floor + 1,
      last: this.#last,
      digest: hex(this.#digest),
      held: this.#held,
      evicted: this.#evicted,
      bytes: this.#bytes,
      judged: this.#judged,
    };
  }

  /** Everything up to `seq` has been judged: it is written with what is written next. */
  judged(seq: number): void {
    this.#toldJudged = seq;
  }

  /** All of them in one transaction, or none. Returns after the sync. @throws IoError, FencedError, LapsedError */
  commit(appends: readonly Append[]): void {
    let [last, digest, bytes, answers] = [this.#last, this.#digest, 0, 0];
    const held = [...this.#held];
    const timeMs = this.#options.nowMs();
    this.#transaction("write", () => {
      for (const { chunks, receipts } of appends) {
        for (const chunk of chunks) {
          const { body } = chunk;
          const sum = sumOf(body);
          digest = chain(digest, sum);
          const first = last + 1;
          last += chunk.entries;
          const { newestMs, counts } = chunk;
          this.#insert.chunk.run(last, first, timeMs, newestMs, ...counts, body.length, sum, digest, body);
          this.#periods.add(chunk, last);
          this.#traces.add(last, chunk.traces);
          for (const [kind, id, at] of chunk.names) this.#insert.named.run(kind, id, first + at);
          counts.forEach((n, kind) => held[kind]! += n);
          bytes += body.length;
        }
        for (const receipt of receipts) {
          this.#insert.receipt.run(receipt.key, receipt.digest, receipt.type, receipt.answer, timeMs);
          answers += receipt.answer.length;
        }
      }
      this.#traces.step();
    });
    [this.#last, this.#digest, this.#held] = [last, digest, held];
    this.#bytes += bytes;
    this.#logBytes += bytes + answers;
    this.#sinceBytes += bytes + answers;
  }

  /** Removes whole chunks that end at `seq` or before, a few at a time; false when there is nothing left to remove. */
  trim(seq: number): boolean {
    const rows = this.#db.prepare("SELECT * FROM chunk WHERE last <= ? ORDER BY last LIMIT ?")
      .all(seq, TRIM_STEP) as Row[];
    if (rows.length === 0) return false;
    const newest = rows.at(-1)!;
    const gone = COUNTS.map((name) => rows.reduce((sum, row) => sum + Number(row[name]), 0));
    this.#transaction("trim", () => {
      for (const row of rows) this.#forget(row);
      this.#db.prepare("DELETE FROM chunk WHERE last <= ?").run(Number(newest.last));
      this.#db.prepare("DELETE FROM recent WHERE last <= ?").run(Number(newest.last));
      const added = COUNTS.map((name) => `${name} = ${name} + ?`).join(", ");
      this.#db.prepare(`UPDATE state SET floor = ?, digest = ?, ${added}`)
        .run(Number(newest.last), newest.digest as Uint8Array, ...gone);
    });
    this.#traces.reload();
    this.#floor = Number(newest.last);
    this.#bytes -= rows.reduce((sum, row) => sum + Number(row.bytes), 0);
    this.#held = this.#held.map((n, kind) => n - gone[kind]!);
    this.#evicted = this.#evicted.map((n, kind) => n + gone[kind]!);
    changeManifest(this.#options.dir, (manifest) => ({
      ...manifest,
      trim_point: this.#trimPoint(newest.digest as Uint8Array),
    }));
    return true;
  }

  /** What is too old or too much goes, a few chunks at a time; false when nothing has to. */
  retain(): boolean {
    const { retainMs, retainBytes, nowMs } = this.#options;
    const oldest = this.#db.prepare("SELECT last, time_ms, bytes FROM chunk ORDER BY last LIMIT ?").all(TRIM_STEP);
    let [until, bytes] = [0, this.#bytes];
    for (const { last, time_ms, bytes: own } of oldest as Row[]) {
      // The newest chunk stays whatever its size: it has been taken.
      const isMuch = bytes > retainBytes && Number(last) < this.#last;
      if (!isMuch && Number(time_ms) >= nowMs() - retainMs) break;
      until = Number(last);
      bytes -= Number(own);
    }
    return until > 0 && this.trim(until);
  }

  /** When nothing waits: keeps the lease, forgets old receipts, moves the log. @throws FencedError, LapsedError, IoError */
  idle(): void {
    if (this.#lease.isDue) this.#transaction("keep", () => this.#forgetReceipts());
    else if (this.#traces.isDue) this.#transaction("keep", () => this.#traces.step(true));
    else if (this.#toldJudged > this.#judged) this.#transaction("keep", () => {});
    if (this.#logBytes - this.#movedBytes <= LOG_IDLE_BYTES) return;
    if (this.#options.moveLog === undefined) this.#moveLog();
    else this.#moveApart();
  }

  /** After a commit, when whoever waited for it was told: moves the log where it is large. */
  moveMuch(): void {
    if (this.#isMoving) return;
    const rest = this.#logBytes - this.#movedBytes;
    const isFull = this.#logBytes > LOG_MOST_BYTES;
    const isLittle = rest <= LOG_REST_BYTES + (this.#logBytes - LOG_MOST_BYTES) / 8;
    const isLast = isFull && (isLittle || this.#logBytes > LOG_TOO_MUCH_BYTES);
    if (isLast || isFull && this.#options.moveLog === undefined) this.#moveLog();
    else if (isFull || this.#sinceBytes > LOG_STEP_BYTES) this.#moveApart();
  }

  /** Takes a lease that lapsed again. @throws FencedError, IoError */
  retake(): void {
    try {
      this.#lease.retake();
    } catch (error) {
      throw sqliteError("write", databasePath(this.#options.dir), error);
    }
  }

  /** Moves the log into the database and lets the lease go. */
  [Symbol.dispose](): void {
    try {
      this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch {
      // Whatever it holds is read from it at the next start.
    }
    this.#lease[Symbol.dispose]();
    this.#db.close();
  }

  /** Checks the lease first and last, and keeps it. What fails leaves nothing behind. */
  #transaction(verb: string, write: () => void): void {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      this.#lease.check();
      const untilMs = this.#lease.isDue ? this.#lease.renew() : null;
      write();
      const judged = this.#writeJudged();
      this.#lease.confirm();
      this.#db.exec("COMMIT");
      this.#traces.settle(true);
      this.#logBytes += COMMIT_LOG_BYTES;
      this.#judged = judged;
      if (untilMs !== null) this.#lease.renewed(untilMs);
    } catch (error) {
      this.#rollback();
      this.#traces.settle(false);
      throw error instanceof LapsedError ? error : sqliteError(verb, databasePath(this.#options.dir), error);
    }
  }

  /** Not with every commit: it is only where a restart goes on. */
  #writeJudged(): number {
    const nowMs = this.#options.nowMs();
    if (this.#toldJudged <= this.#judged || Math.abs(nowMs - this.#judgedMs) < JUDGED_EVERY_MS) return this.#judged;
    this.#judgedMs = nowMs;
    this.#insert.judged.run(this.#toldJudged);
    return this.#toldJudged;
  }

  #rollback(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself.
    }
  }

  #moveApart(): void {
    const { moveLog } = this.#options;
    if (this.#isMoving || moveLog === undefined) return;
    const bytes = this.#logBytes;
    this.#sinceBytes = 0;
    this.#isMoving = true;
    void moveLog().then(() => {
      this.#isMoving = false;
      this.#movedBytes = bytes;
      // Nothing was added: the next commit begins the log anew.
      if (this.#logBytes === bytes) this.#logBytes = this.#movedBytes = 0;
    });
  }

  #moveLog(): void {
    try {
      this.#db.exec("PRAGMA wal_checkpoint(PASSIVE)");
      this.#logBytes = 0;
    } catch {
      // A full disk: nothing is lost, the log stays as it is and is tried again.
      this.#logBytes = LOG_IDLE_BYTES;
    }
    this.#movedBytes = this.#sinceBytes = 0;
  }

  /** What finds the entries of a chunk. */
  #forget(row: Row): void {
    const last = Number(row.last);
    this.#periods.forget(Number(row.newest_ms), last);
    const trace = this.#db.prepare("DELETE FROM trace WHERE key = ? AND last = ?");
    const named = this.#db.prepare("DELETE FROM named WHERE kind = ? AND id = ? AND seq = ?");
    try {
      const lines = openChunk(row.body as Uint8Array, Number(row.first));
      for (const key of lines.traceKeys()) trace.run(key, last);
      for (let i = 0; i < lines.length; i++) {
        if (!NAMED.has(lines.kind(i))) continue;
        const { kind, id, commitSeq } = lines.sent(i);
        named.run(KINDS.indexOf(kind), id, commitSeq);
      }
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
      // It cannot be read: what found it points nowhere now, which readers pass over.
    }
  }

  #forgetReceipts(): void {
    this.#db.prepare("DELETE FROM receipt WHERE time_ms < ?").run(this.#options.nowMs() - RECEIPT_MS);
    this.#db.prepare(
      "DELETE FROM receipt WHERE time_ms < (SELECT time_ms FROM receipt ORDER BY time_ms DESC LIMIT 1 OFFSET ?)",
    ).run(MOST_RECEIPTS);
  }

  #trimPoint(digest: Uint8Array) {
    return { seq: this.#floor, digest: hex(digest) };
  }
}
