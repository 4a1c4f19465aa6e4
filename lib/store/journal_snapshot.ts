/** Copies of a journal that are whole in themselves, also while a collector writes it. */
import { backup, DatabaseSync } from "node:sqlite";
import { hex } from "./digest.ts";
import { endsOf } from "./journal_chunks.ts";
import { databasePath, openForReading, snapshotsPath } from "./journal_db.ts";
import { changeManifest, type SnapshotRow, syncFolder } from "./manifest.ts";
import { sqliteError } from "./store_errors.ts";

/** @param nowMs Unix milliseconds, for its name @throws IoError, IntegrityError */
export async function takeSnapshot(dir: string, nowMs: number): Promise<SnapshotRow> {
  Deno.mkdirSync(snapshotsPath(dir), { recursive: true });
  const taken = new Date(nowMs).toISOString();
  const part = `${snapshotsPath(dir)}/${taken.replaceAll(/[^0-9]/g, "")}.part`;
  try {
    await copyDatabase(databasePath(dir), part);
    using copy = openForReading(part);
    const { floor, last, digest } = endsOf(copy);
    const file = `snapshots/${String(last).padStart(12, "0")}-${taken.replaceAll(/[^0-9]/g, "")}.db`;
    Deno.renameSync(part, `${dir}/${file}`);
    syncFolder(snapshotsPath(dir));
    const row: SnapshotRow = {
      file,
      first: floor + 1,
      last,
      digest: hex(digest),
      taken_at: taken,
      bytes: Deno.statSync(`${dir}/${file}`).size,
    };
    changeManifest(dir, (manifest) => ({ ...manifest, snapshots: [...manifest.snapshots, row] }));
    return row;
  } catch (error) {
    removeIfThere(part);
    throw sqliteError("take a snapshot of", dir, error);
  }
}

/** More pages than a database can have: all of them in one step, so that a busy writer does not make it begin again. */
const ALL_PAGES = 0x7fffffff;

/** Everything committed at this moment, in one file that is on disk when this resolves. @throws Error as SQLite says */
export async function copyDatabase(from: string, to: string): Promise<void> {
  {
    using db = openForReading(from);
    await backup(db, to, { rate: ALL_PAGES });
  }
  {
    // Without a log beside it: one file is all of it.
    using copy = new DatabaseSync(to);
    copy.exec("PRAGMA synchronous = FULL; PRAGMA journal_mode = DELETE");
  }
  using file = Deno.openSync(to, { read: true, write: true });
  file.syncSync();
}

export function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
