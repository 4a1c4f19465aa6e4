/** Brings a database of an older format to this one. */
import type { DatabaseSync } from "node:sqlite";
import { FORMAT, pragma } from "./journal_db.ts";
import { addPeriods } from "./periods.ts";
import { RECENT } from "./recent_traces.ts";

/**
 * All of it or nothing; whoever calls is the only one that writes. Format 1 had nothing that finds chunks by time: every chunk is read
 * once, which takes as long as reading the whole store does. Before format 3 spans were judged in memory only: what is held counts as judged.
 */
export function upgrade(db: DatabaseSync): void {
  if (pragma(db, "user_version") >= FORMAT) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    if (pragma(db, "user_version") < 2) addPeriods(db);
    db.exec(RECENT);
    db.exec(`PRAGMA user_version = ${FORMAT}`);
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}
