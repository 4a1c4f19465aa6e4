/**
 * Finds chunks by when what they tell of was going on. A chunk's period lasts from the first start of a span in it (or the first kernel
 * event) to its last end. Periods are kept by how long they are, in classes a factor of eight apart: one of a class that touches a moment
 * ends at most the class's length behind it, so that each class is one short range of an index, however long the longest is.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { beganNs, millisOf } from "./entries.ts";
import { type ChunkRow, chunksAfter, linesOf } from "./journal_chunks.ts";
import { type Kind, KINDS, type TimedKind } from "./store.ts";

/** `kinds`: 1 where there are spans, 2 where there are kernel events. Chunks with neither have no row. Times in Unix milliseconds. */
export const PERIODS = `
CREATE TABLE IF NOT EXISTS period (
  width INTEGER NOT NULL, newest_ms INTEGER NOT NULL, last INTEGER NOT NULL, oldest_ms INTEGER NOT NULL, kinds INTEGER NOT NULL,
  PRIMARY KEY (width, newest_ms, last)
) WITHOUT ROWID;
`;

const BIT: Readonly<Record<TimedKind, number>> = { span: 1, probe: 2 };
/** Enough for any two moments that 64 bits of nanoseconds can say. */
const CLASSES = 16;
const FACTOR = 8;

const classes = Array.from({ length: CLASSES }, (_, width) => `(${width}, ${FACTOR ** width - 1})`).join(", ");

/** Chunks whose period touches [?1, ?2] and that hold one of the kinds ?3: the sequence of each one's last entry. */
export const DURING = `
WITH class(width, most_ms) AS (VALUES ${classes})
SELECT period.last AS last FROM class CROSS JOIN period
ON period.width = class.width AND period.newest_ms BETWEEN ?1 AND ?2 + class.most_ms
WHERE period.oldest_ms <= ?2 AND period.kinds & ?3
`;

export const kindBit = (kind: TimedKind): number => BIT[kind];

/** What the table says of a chunk, and how it is written. */
export interface Timed {
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Entries by kind, in the order of KINDS. */
  readonly counts: readonly number[];
}

export class Periods {
  readonly #insert: StatementSync;
  readonly #forget: StatementSync;

  /** @param db with the table */
  constructor(db: DatabaseSync) {
    this.#insert = db.prepare("INSERT INTO period VALUES (?, ?, ?, ?, ?)");
    const widths = Array.from({ length: CLASSES }, (_, width) => width).join(", ");
    this.#forget = db.prepare(`DELETE FROM period WHERE width IN (${widths}) AND newest_ms = ? AND last = ?`);
  }

  /** @param last sequence of the chunk's last entry */
  add({ oldestMs, newestMs, counts }: Timed, last: number): void {
    const kinds = timedKinds(counts);
    if (kinds > 0) this.#insert.run(widthOf(newestMs - oldestMs), newestMs, last, oldestMs, kinds);
  }

  forget(newestMs: number, last: number): void {
    this.#forget.run(newestMs, last);
  }
}

/** Of the kinds that are counted; 0: the chunk has no row. */
export function timedKinds(counts: readonly number[]): number {
  const has = (kind: Kind) => counts[KINDS.indexOf(kind)]! > 0;
  return (has("span") ? BIT.span : 0) | (has("probe") ? BIT.probe : 0);
}

/** Writes the rows of the chunks behind `seq`, which have none yet, by reading them. One that cannot be read is passed over. */
export function addPeriods(db: DatabaseSync, seq = 0): void {
  db.exec(PERIODS);
  const periods = new Periods(db);
  for (const chunk of chunksAfter(db, seq)) {
    const timed = timedOf(chunk);
    if (timed !== null) periods.add(timed, chunk.last);
  }
}

function timedOf(chunk: ChunkRow): Timed | null {
  const counts = KINDS.map(() => 0);
  let [oldestMs, newestMs] = [Infinity, 0];
  try {
    const lines = linesOf(chunk);
    for (let i = 0; i < lines.length; i++) {
      const entry = lines.entry(i);
      counts[KINDS.indexOf(entry.kind)]!++;
      newestMs = Math.max(newestMs, millisOf(entry.timeNs));
      oldestMs = Math.min(oldestMs, millisOf(entry.timeNs), millisOf(beganNs(entry)));
    }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    return null;
  }
  return { oldestMs, newestMs, counts };
}

function widthOf(ms: number): number {
  let width = 0;
  for (let most = 1; most < ms + 1; most *= FACTOR) width++;
  return width;
}
