/** A journal's chunks in order, as they lie in the database: for whoever checks, compares or copies it. */
import type { DatabaseSync } from "node:sqlite";
import type { ChunkEntries } from "./chunk.ts";
import type { Row } from "./journal_db.ts";
import { openChunk } from "./open_chunk.ts";

export interface ChunkRow {
  readonly first: number;
  readonly last: number;
  /** Unix milliseconds: when it was committed. */
  readonly timeMs: number;
  readonly sum: Uint8Array;
  readonly digest: Uint8Array;
  readonly body: Uint8Array;
}

const PAGE = 32;

/** Chunks that end behind `seq`, a page at a time. */
export function* chunksAfter(db: DatabaseSync, seq = 0): Generator<ChunkRow> {
  const statement = db.prepare(
    "SELECT first, last, time_ms AS timeMs, sum, digest, body FROM chunk WHERE last > ? ORDER BY last LIMIT ?",
  );
  for (let from = seq;;) {
    const rows = statement.all(from, PAGE) as unknown as ChunkRow[];
    yield* rows;
    if (rows.length < PAGE) return;
    from = rows.at(-1)!.last;
  }
}

/** @throws SyntaxError, TypeError when it is not what was written */
export function linesOf({ body, first }: ChunkRow): ChunkEntries {
  return openChunk(body, first);
}

/** Where the log begins, where it ends, and the digests there. */
export interface Ends {
  /** Everything up to this sequence was trimmed. */
  readonly floor: number;
  readonly floorDigest: Uint8Array;
  readonly last: number;
  readonly digest: Uint8Array;
}

export function endsOf(db: DatabaseSync): Ends {
  const { floor, digest } = db.prepare("SELECT floor, digest FROM state").get() as unknown as {
    floor: number;
    digest: Uint8Array;
  };
  const newest = db.prepare("SELECT last, digest FROM chunk ORDER BY last DESC LIMIT 1").get() as
    | { last: number; digest: Uint8Array }
    | undefined;
  return { floor, floorDigest: digest, last: newest?.last ?? floor, digest: newest?.digest ?? digest };
}

/** Sequence of the newest entry committed by then, or null where everything came later. @param ms Unix milliseconds */
export function seqAt(db: DatabaseSync, ms: number): number | null {
  const row = db.prepare("SELECT max(last) AS last FROM chunk WHERE time_ms <= ?").get(ms) as Row;
  return row.last === null ? null : Number(row.last);
}
