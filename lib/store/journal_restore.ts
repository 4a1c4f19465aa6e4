/** A journal as it was at some sequence, in a folder of its own: from the live one, or from a snapshot and the tail behind it. */
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { IoError, UsageError } from "../model/errors.ts";
import { encodeChunk } from "./chunk.ts";
import { chain, sumOf } from "./digest.ts";
import { chunksAfter, type Ends, endsOf, linesOf, seqAt } from "./journal_chunks.ts";
import { databasePath, hasTable, openForReading, type Row } from "./journal_db.ts";
import { copyDatabase } from "./journal_snapshot.ts";
import { upgrade } from "./journal_upgrade.ts";
import { RECENT } from "./recent_traces.ts";
import { changeManifest, readManifest, syncFolder } from "./manifest.ts";
import { addPeriods } from "./periods.ts";
import { sqliteError } from "./store_errors.ts";

/** By sequence, or by Unix milliseconds. */
export type Point = { readonly seq: number } | { readonly ms: number };

export interface RestoreOptions {
  readonly dir: string;
  readonly at: Point;
  /** A folder that is not there yet, or is empty. */
  readonly to: string;
  /** Path of a snapshot to begin with; undefined: whatever reaches back the furthest. */
  readonly from: string | undefined;
}

export interface Restored {
  readonly seq: number;
  readonly parts: readonly string[];
}

interface Base extends Ends {
  readonly path: string;
}

/** Returns what it was made of. @throws UsageError, IoError, IntegrityError */
export async function restoreJournal({ dir, at, to, from }: RestoreOptions): Promise<Restored> {
  refuseFull(to);
  const live = baseOf(databasePath(dir));
  const snapshots = from === undefined
    ? readManifest(dir).snapshots.flatMap(({ file }) => baseOf(`${dir}/${file}`) ?? [])
    : [baseOf(from) ?? unreadable(from)];
  const seq = "seq" in at ? at.seq : seqOf(at.ms, [...snapshots, ...(live === null ? [] : [live])]);
  const reaches = (base: Base) =>
    base.floor <= seq && (base.last >= seq || live !== null && live.last >= seq && live.floor <= base.last);
  const bases = from === undefined && live !== null ? [live, ...snapshots] : snapshots;
  const [base] = bases.filter(reaches).sort((a, b) => a.floor - b.floor);
  if (base === undefined) {
    const held = [...bases].map(({ path, floor, last }) => `${path} has ${floor + 1} to ${last}`).join("; ");
    throw new IoError(`Cannot restore "${dir}" at ${seq}: nothing reaches there: ${held || "nothing can be read"}`);
  }
  const path = databasePath(to);
  const needsTail = base.last < seq;
  try {
    Deno.mkdirSync(to, { recursive: true });
    await copyDatabase(base.path, path);
    {
      using db = new DatabaseSync(path);
      db.exec("PRAGMA synchronous = FULL");
      upgrade(db);
      db.exec(RECENT);
      if (needsTail) addTail(db, live!.path, base.last, seq);
      cut(db, seq);
      db.exec("UPDATE lease SET epoch = epoch + 1, until_ms = 0, locked = 0, owner = ''");
    }
    changeManifest(to, (manifest) => ({
      ...manifest,
      trim_point: { seq: base.floor, digest: base.floorDigest.toHex() },
    }));
    syncFolder(to);
  } catch (error) {
    throw sqliteError("restore into", to, error);
  }
  return { seq, parts: needsTail ? [base.path, `${live!.path} behind ${base.last}`] : [base.path] };
}

function refuseFull(to: string): void {
  try {
    for (const { name } of Deno.readDirSync(to)) {
      throw new UsageError(
        `Cannot restore into "${to}": "${name}" is there`,
        "Name a folder that is empty or not there",
      );
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Null where it cannot be read: then something else has to do. */
function baseOf(path: string): Base | null {
  try {
    using db = openForReading(path);
    return { path, ...endsOf(db) };
  } catch {
    return null;
  }
}

function unreadable(path: string): never {
  throw new IoError(`Cannot restore from "${path}": it cannot be read`, "See the snapshots in manifest.json");
}

/** The newest moment that any of them knows. @throws IoError */
function seqOf(ms: number, bases: readonly Base[]): number {
  const found = bases.map(({ path, floor }) => {
    using db = openForReading(path);
    return seqAt(db, ms) ?? (floor === 0 ? 0 : -1);
  });
  const seq = Math.max(-1, ...found);
  if (seq < 0) throw new IoError(`Cannot restore at ${new Date(ms).toISOString()}: everything that is held came later`);
  return seq;
}

/** Entries behind `after` up to the chunk that holds `seq`. */
function addTail(db: DatabaseSync, from: string, after: number, seq: number): void {
  using live = openForReading(from);
  const until = Number((live.prepare("SELECT min(last) AS last FROM chunk WHERE last >= ?").get(seq) as Row).last);
  db.exec("BEGIN");
  copyRows(live, db, "chunk", "last > ? AND last <= ?", after, until);
  copyRows(live, db, "trace", "last > ? AND last <= ?", after, until);
  if (hasTable(live, "recent")) copyRows(live, db, "recent", "last > ? AND last <= ?", after, until);
  copyRows(live, db, "named", "seq > ? AND seq <= ?", after, until);
  copyRows(live, db, "receipt", "time_ms >= ? AND time_ms <= ?", 0, Number.MAX_SAFE_INTEGER);
  addPeriods(db, after);
  db.exec("COMMIT");
}

/** Row by row: two databases on one connection want more permissions than this has. */
function copyRows(from: DatabaseSync, to: DatabaseSync, table: string, where: string, low: number, high: number): void {
  let insert: StatementSync | null = null;
  for (const row of from.prepare(`SELECT * FROM ${table} WHERE ${where}`).iterate(low, high)) {
    const values = Object.values(row as Record<string, SQLInputValue>);
    insert ??= to.prepare(`INSERT OR IGNORE INTO ${table} VALUES (${values.map(() => "?").join(", ")})`);
    insert.run(...values);
  }
}

/** Removes what lies behind `seq`; of the chunk that it falls into the first entries stay. */
function cut(db: DatabaseSync, seq: number): void {
  const [split] = chunksAfter(db, seq);
  if (split === undefined) return;
  db.exec("BEGIN");
  const old = db.prepare("SELECT * FROM chunk WHERE last = ?").get(split.last) as Row;
  db.prepare("DELETE FROM chunk WHERE last > ?").run(seq);
  db.prepare("DELETE FROM trace WHERE last > ?").run(seq);
  db.prepare("DELETE FROM recent WHERE last > ?").run(seq);
  db.prepare("DELETE FROM named WHERE seq > ?").run(seq);
  db.prepare("UPDATE progress SET judged = min(judged, ?)").run(seq);
  db.prepare("DELETE FROM period WHERE last > ?").run(seq);
  // Of the request that is cut in two nobody may be told that it was taken.
  db.prepare("DELETE FROM receipt WHERE time_ms >= ?").run(split.timeMs);
  if (split.first <= seq) {
    const { digest } = endsOf(db);
    const lines = linesOf(split);
    const n = seq - split.first + 1;
    const entries = Array.from({ length: n }, (_, i) => lines.sent(i));
    const { body, counts, newestMs, traces } = encodeChunk(entries);
    const sum = sumOf(body);
    db.prepare(`INSERT INTO chunk VALUES (${Array(13).fill("?").join(", ")})`).run(
      ...[seq, split.first, Number(old.time_ms), newestMs, ...counts, body.length],
      ...[sum, chain(digest, sum), body],
    );
    for (const key of traces) db.prepare("INSERT INTO trace VALUES (?, ?)").run(key, seq);
    addPeriods(db, split.first - 1);
  }
  db.exec("COMMIT");
}
