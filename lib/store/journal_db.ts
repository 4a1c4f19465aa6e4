/** The journal's database: its tables, how it is opened, where its files lie. */
import { DatabaseSync } from "node:sqlite";
import { IoError, UnsupportedError } from "../model/errors.ts";
import { PERIODS } from "./periods.ts";
import { RECENT } from "./recent_traces.ts";
import { KINDS } from "./store.ts";
import { IntegrityError, sqliteError } from "./store_errors.ts";

/** Format of the tables; a reader refuses a newer one. */
export const FORMAT = 3;
/** "SLOJ": that a file is a journal of ours. */
const APPLICATION_ID = 0x534c4f4a;

export const databasePath = (dir: string) => `${dir}/journal.db`;
export const snapshotsPath = (dir: string) => `${dir}/snapshots`;

/**
 * `chunk`: entries of one append, by the sequence of the last; `sum` is the SHA-256 of `body`, `digest` that of the digest before and
 * `sum`. `trace`, `recent`, `named` and `period` find entries. `state` is one row: where the log begins (everything up to `floor` was trimmed), and what
 * gave way. `progress` is one row: up to where everything was judged. `lease` is one row: who may write. `receipt`: answers by idempotency key.
 */
const SCHEMA = `
CREATE TABLE chunk (
  last INTEGER PRIMARY KEY, first INTEGER NOT NULL, time_ms INTEGER NOT NULL, newest_ms INTEGER NOT NULL,
  spans INTEGER NOT NULL, logs INTEGER NOT NULL, probes INTEGER NOT NULL, slos INTEGER NOT NULL, incidents INTEGER NOT NULL,
  bytes INTEGER NOT NULL, sum BLOB NOT NULL, digest BLOB NOT NULL, body BLOB NOT NULL
);
CREATE INDEX chunk_newest ON chunk (newest_ms, spans, logs, probes, slos, incidents);
CREATE INDEX chunk_slo ON chunk (last) WHERE slos > 0;
CREATE INDEX chunk_incident ON chunk (last) WHERE incidents > 0;
CREATE TABLE trace (key INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (key, last)) WITHOUT ROWID;
CREATE TABLE named (kind INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (kind, id, seq)) WITHOUT ROWID;
${PERIODS}${RECENT}CREATE TABLE state (
  one INTEGER PRIMARY KEY CHECK (one = 1), floor INTEGER NOT NULL, digest BLOB NOT NULL,
  spans INTEGER NOT NULL, logs INTEGER NOT NULL, probes INTEGER NOT NULL, slos INTEGER NOT NULL, incidents INTEGER NOT NULL
);
INSERT INTO state VALUES (1, 0, zeroblob(32), 0, 0, 0, 0, 0);
CREATE TABLE lease (
  one INTEGER PRIMARY KEY CHECK (one = 1), epoch INTEGER NOT NULL, until_ms INTEGER NOT NULL, locked INTEGER NOT NULL, owner TEXT NOT NULL
);
INSERT INTO lease VALUES (1, 0, 0, 0, '');
CREATE TABLE receipt (key TEXT PRIMARY KEY, digest TEXT NOT NULL, type TEXT NOT NULL, answer BLOB NOT NULL, time_ms INTEGER NOT NULL);
CREATE INDEX receipt_time ON receipt (time_ms);
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${FORMAT};
`;

/** Columns that count entries, in the order of KINDS. */
export const COUNTS = KINDS.map((kind) => `${kind}s`);

export type Row = Readonly<Record<string, unknown>>;

/** To write; the tables are made where there are none. @param patienceMs how long somebody else may hold the lock @throws IoError, IntegrityError, UnsupportedError */
export function openForWriting(dir: string, synchronous: string, patienceMs = 2_000): DatabaseSync {
  const path = databasePath(dir);
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(path, { timeout: patienceMs });
    db.exec("PRAGMA journal_mode = WAL");
    db.exec(`PRAGMA synchronous = ${synchronous}`);
    // What the log holds is moved into the database when the writer has time, and not in the middle of a commit.
    db.exec("PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -32768; PRAGMA journal_size_limit = 67108864");
    db.exec("BEGIN IMMEDIATE");
    if (pragma(db, "user_version") === 0 && pragma(db, "application_id") === 0) db.exec(SCHEMA);
    db.exec("COMMIT");
    checkFormat(db, path);
    return db;
  } catch (error) {
    db?.close();
    throw locked(error)
      ? new IoError(
        `Cannot open "${path}": ${holderOf(path)} is in the middle of a commit and does not let go`,
        "Continue that process when it is stopped (kill -CONT), or end it (kill -KILL): nothing acknowledged is lost",
      )
      : sqliteError("open", path, error);
  }
}

/** Readers are not kept out by who writes. */
function holderOf(path: string): string {
  try {
    using db = openForReading(path);
    return String((db.prepare("SELECT owner FROM lease").get() as Row).owner) || "another process";
  } catch {
    return "another process";
  }
}

/** To read, also while a collector writes. @param path a database @throws IoError, IntegrityError, UnsupportedError */
export function openForReading(path: string): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    Deno.statSync(path);
    db = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
    db.exec("PRAGMA cache_size = -16384");
    checkFormat(db, path);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      throw new IoError(`Cannot read "${path}": there is no such store`, "Name the folder given to collector --store");
    }
    throw sqliteError("read", path, error);
  }
}

export function pragma(db: DatabaseSync, name: string): number {
  return Number((db.prepare(`PRAGMA ${name}`).get() as Row)[name]);
}

/** Older formats lack some, and what is restored of them may have them all the same. */
export function hasTable(db: DatabaseSync, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== undefined;
}

/** Somebody else is in a transaction. */
export function locked(error: unknown): boolean {
  return error instanceof Error && /database is locked/.test(error.message);
}

function checkFormat(db: DatabaseSync, path: string): void {
  const format = pragma(db, "user_version");
  if (pragma(db, "application_id") !== APPLICATION_ID) {
    throw new IntegrityError(`Cannot open "${path}": it is a database, and no journal of sloctl`);
  }
  if (format > FORMAT) {
    throw new UnsupportedError(
      `Cannot open "${path}": its format is ${format}, this version reads up to ${FORMAT}`,
      "Use the version of sloctl that wrote it, or a newer one",
    );
  }
}
