/** `manifest.json`: what a store's folder holds, for people and for other versions. It is replaced whole, never edited in place. */
import { toJson } from "../model/json.ts";
import { FORMAT } from "./journal_db.ts";

export interface SnapshotRow {
  /** Path below the folder. */
  readonly file: string;
  /** Sequences it holds, and the digest of its state. */
  readonly first: number;
  readonly last: number;
  readonly digest: string;
  readonly taken_at: string;
  readonly bytes: number;
}

export interface Manifest {
  readonly schema: "store-manifest/v1";
  readonly format: number;
  readonly database: "journal.db";
  /** Oldest first. */
  readonly snapshots: readonly SnapshotRow[];
  /** Everything up to this sequence was trimmed; the digest is that of the state up to there. */
  readonly trim_point: { readonly seq: number; readonly digest: string };
}

const EMPTY: Manifest = {
  schema: "store-manifest/v1",
  format: FORMAT,
  database: "journal.db",
  snapshots: [],
  trim_point: { seq: 0, digest: "0".repeat(64) },
};

/** What it says, or that of an empty store where there is none or it cannot be read: the database itself is the truth. */
export function readManifest(dir: string): Manifest {
  try {
    const read = JSON.parse(Deno.readTextFileSync(`${dir}/manifest.json`));
    return read?.schema === EMPTY.schema && Array.isArray(read.snapshots) ? read : EMPTY;
  } catch {
    return EMPTY;
  }
}

/** Reads, changes and replaces it, one process at a time; it is on disk when this returns. */
export function changeManifest(dir: string, change: (manifest: Manifest) => Manifest): void {
  using lock = Deno.openSync(`${dir}/manifest.lock`, { create: true, write: true });
  lock.lockSync(true);
  const text = `${toJson({ ...change(readManifest(dir)), format: FORMAT }, 2)}\n`;
  const path = `${dir}/manifest.json`;
  {
    using file = Deno.openSync(`${path}.new`, { create: true, write: true, truncate: true });
    file.writeSync(new TextEncoder().encode(text));
    file.syncSync();
  }
  Deno.renameSync(`${path}.new`, path);
  syncFolder(dir);
}

/** Names in a folder are as safe as files only after this. */
export function syncFolder(dir: string): void {
  using folder = Deno.openSync(dir, { read: true });
  folder.syncSync();
}
