/**
 * A thread that moves what the journal's log holds into the database, while the writer goes on: a commit need not wait for it. Answers
 * each message when it has done what could be done; whatever fails leaves the log as it is, and is tried again. It imports next to
 * nothing, so that it is there at once.
 */
import { DatabaseSync } from "node:sqlite";

export interface ToMover {
  /** Of the database. */
  readonly path: string;
  readonly synchronous: string;
}

interface Thread {
  onmessage: ((event: MessageEvent<ToMover>) => void) | null;
  postMessage(message: null): void;
}

const thread = globalThis as unknown as Thread;
let db: DatabaseSync | null = null;

thread.onmessage = ({ data: { path, synchronous } }) => {
  try {
    db ??= open(path, synchronous);
    db.exec("PRAGMA wal_checkpoint(PASSIVE)");
  } catch {
    // A full disk, or somebody else at it.
  }
  thread.postMessage(null);
};

function open(path: string, synchronous: string): DatabaseSync {
  const opened = new DatabaseSync(path);
  opened.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -256`);
  return opened;
}
