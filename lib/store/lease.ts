/**
 * Who may write a store. The lease is a row of the database itself and carries an epoch: each commit checks both in its own transaction,
 * so a writer that was paused, however long, finds out before anything of it is committed. A file lock tells a holder that has died
 * (the kernel takes the lock back) from one that is only paused: the first is replaced at once, the second when its lease is over.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { IoError } from "../model/errors.ts";
import { FencedError } from "./store_errors.ts";

interface LeaseRow {
  readonly epoch: number;
  readonly until_ms: number;
  readonly locked: number;
  readonly owner: string;
}

/** The lease ran out before this could be committed; it has been taken again, and the next may be. */
export class LapsedError extends IoError {}

/** The longest lease that can be asked for. An end further away was written by a clock that has stepped back since. */
export const LONGEST_LEASE_MS = 600_000;

/**
 * Who holds a lease counts by a clock that does not step. The end that others read is one of the wall clock, the only one they share: where
 * that steps, whoever holds the lease writes the end anew when a third of it is over, by the clock that does not.
 */
export interface LeaseClocks {
  /** Unix milliseconds; may step. */
  readonly wallMs: () => number;
  /** Milliseconds since some moment, also while the process is stopped; never steps. */
  readonly steadyMs: () => number;
}

const CLOCKS: LeaseClocks = { wallMs: Date.now, steadyMs: () => performance.now() };

export class Lease implements Disposable {
  readonly #db: DatabaseSync;
  readonly #file: Deno.FsFile;
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  #locked = false;
  #epoch = 0;
  /** By the steady clock. */
  #untilMs = 0;

  /** @param dir the store's folder @param owner who asks, for whoever is refused @throws IoError when somebody else may write */
  constructor(
    db: DatabaseSync,
    readonly dir: string,
    readonly ttlMs: number,
    readonly owner: string,
    private readonly clocks: LeaseClocks = CLOCKS,
  ) {
    this.#db = db;
    this.#read = db.prepare("SELECT epoch, until_ms, locked, owner FROM lease");
    this.#write = db.prepare("UPDATE lease SET epoch = ?, until_ms = ?, locked = ?, owner = ?");
    this.#file = Deno.openSync(`${dir}/lock`, { create: true, write: true, read: true });
    try {
      this.#locked = this.#file.tryLockSync(true);
      this.#take();
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** In a transaction that is about to write. @throws FencedError, LapsedError */
  check(): void {
    const row = this.#row();
    if (row.epoch !== this.#epoch) {
      throw new FencedError(
        `Cannot write "${this.dir}": ${row.owner} has taken the store over, this one was silent for too long`,
        "Ask the collector that has it now",
      );
    }
    this.confirm();
  }

  /** Just before the commit. @throws LapsedError when time has run out since */
  confirm(): void {
    if (this.clocks.steadyMs() >= this.#untilMs) {
      throw new LapsedError(`Cannot write "${this.dir}": the lease ran out while this process stood still`);
    }
  }

  /** True when a third of it is over. */
  get isDue(): boolean {
    return this.clocks.steadyMs() >= this.#untilMs - this.ttlMs * 2 / 3;
  }

  /** Moves its end, as part of the transaction. Call `renewed` with what this returns after the commit. */
  renew(): number {
    const untilMs = this.clocks.steadyMs() + this.ttlMs;
    // Of a holder that was paused for ever the lock becomes free one day.
    if (!this.#locked) this.#locked = this.#file.tryLockSync(true);
    this.#write.run(this.#epoch, this.#wallEndMs(), this.#locked ? 1 : 0, this.owner);
    return untilMs;
  }

  renewed(untilMs: number): void {
    this.#untilMs = untilMs;
  }

  /** After a lapse: takes it again with a new epoch unless somebody else has. @throws FencedError */
  retake(): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      if (this.#row().epoch !== this.#epoch) this.check();
      this.#commit(this.#epoch + 1);
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** Lets whoever comes next have it at once. */
  [Symbol.dispose](): void {
    try {
      this.#db.prepare("UPDATE lease SET until_ms = 0, locked = 0 WHERE epoch = ?").run(this.#epoch);
    } catch {
      // A full disk: then the freed lock says it.
    }
    this.#file.close();
  }

  #take(): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const row = this.#row();
      const leftMs = row.until_ms - this.clocks.wallMs();
      const holderIsGone = this.#locked && row.locked === 1;
      if (leftMs > 0 && leftMs <= LONGEST_LEASE_MS && !holderIsGone) {
        throw new IoError(
          `Cannot write "${this.dir}": ${row.owner} writes it, for another ${Math.ceil(leftMs / 1000)} s at least`,
          "Stop that collector, or give this one another --store",
        );
      }
      this.#commit(row.epoch + 1);
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  #commit(epoch: number): void {
    const untilMs = this.clocks.steadyMs() + this.ttlMs;
    this.#write.run(epoch, this.#wallEndMs(), this.#locked ? 1 : 0, this.owner);
    this.#db.exec("COMMIT");
    [this.#epoch, this.#untilMs] = [epoch, untilMs];
  }

  #wallEndMs(): number {
    return Math.ceil(this.clocks.wallMs() + this.ttlMs);
  }

  #row(): LeaseRow {
    return this.#read.get() as unknown as LeaseRow;
  }
}
