/** Whether a journal is what was written: pages, sequence, every chunk's sum, the chain of digests, and what finds entries. */
import type { DatabaseSync } from "node:sqlite";
import { dirname } from "node:path";
import { traceKey } from "./chunk.ts";
import { chain, hex, sumOf } from "./digest.ts";
import { type ChunkRow, chunksAfter, endsOf, linesOf } from "./journal_chunks.ts";
import { hasTable, openForReading, pragma, type Row } from "./journal_db.ts";
import { keysOf } from "./recent_traces.ts";
import { damageOf, damageText } from "./log_damage.ts";
import { KINDS } from "./store.ts";

export interface Verified {
  readonly file: string;
  readonly first: number;
  readonly last: number;
  /** As recomputed from the entries, in hex. */
  readonly digest: string;
  readonly entries: number;
  /** What is wrong, for a person; empty when nothing is. */
  readonly problems: readonly string[];
}

const MOST_PROBLEMS = 20;

/** @param path a database @throws IoError when it cannot be opened, IntegrityError when it is none */
export function verifyJournal(path: string): Verified {
  using db = openForReading(path);
  const problems: string[] = [];
  const damage = damageOf(dirname(path));
  const say = (text: string) => void (problems.length < MOST_PROBLEMS && problems.push(text));
  if (damage !== null && `${path}-wal` === damage.path) say(`${damage.path}: ${damageText(damage)}`);
  let seq = 0;
  let first = 1;
  let digest: Uint8Array = new Uint8Array(32);
  let entries = 0;
  try {
    // All of it at one moment: a collector may write meanwhile.
    db.exec("BEGIN");
    const pages = db.prepare(`PRAGMA integrity_check(${MOST_PROBLEMS})`).all() as Row[];
    pages.map((row) => String(row.integrity_check)).filter((text) => text !== "ok").forEach(say);
    const ends = endsOf(db);
    [seq, first, digest] = [ends.floor, ends.floor + 1, ends.floorDigest];
    let [traces, names, periods] = [0, 0, 0];
    for (const chunk of chunksAfter(db)) {
      if (chunk.first !== seq + 1) say(`sequences ${seq + 1} to ${chunk.first - 1} are missing`);
      const counts = checkChunk(chunk, digest, say);
      [traces, names, entries] = [traces + counts.traces, names + counts.names, entries + counts.entries];
      if (counts.isTimed) periods++;
      [seq, digest] = [chunk.last, chunk.digest];
    }
    const found = db.prepare("SELECT (SELECT count(*) FROM trace) AS traces, (SELECT count(*) FROM named) AS names")
      .get() as Row;
    const byTrace = Number(found.traces) + (hasTable(db, "recent") ? onlyRecent(db) : 0);
    if (byTrace !== traces) say(`${byTrace} rows find entries by trace, ${traces} should`);
    if (pragma(db, "user_version") > 1) {
      const { rows } = db.prepare("SELECT count(*) AS rows FROM period").get() as Row;
      if (rows !== periods) say(`${rows} rows find chunks by time, ${periods} should`);
    }
    if (found.names !== names) say(`${found.names} rows find entries by id, ${names} should`);
  } catch (error) {
    // A page that cannot be read ends the walk.
    say(error instanceof Error ? error.message : String(error));
  }
  return { file: path, first, last: seq, digest: hex(digest), entries, problems };
}

/** Traces of chunks that are found by `recent` alone. */
function onlyRecent(db: DatabaseSync): number {
  const isThere = db.prepare("SELECT 1 FROM trace WHERE key = ? AND last = ?");
  let n = 0;
  for (const { last, keys } of db.prepare("SELECT last, keys FROM recent").all() as Row[]) {
    for (const key of keysOf(keys)) if (isThere.get(key, Number(last)) === undefined) n++;
  }
  return n;
}

function checkChunk(chunk: ChunkRow, before: Uint8Array, say: (text: string) => void) {
  const name = `entries ${chunk.first} to ${chunk.last}`;
  const traces = new Set<number>();
  let names = 0;
  let entries = 0;
  let isTimed = false;
  const sum = sumOf(chunk.body);
  if (hex(sum) !== hex(chunk.sum)) say(`${name} are not what was written`);
  if (hex(chain(before, sum)) !== hex(chunk.digest)) say(`${name}: the digest does not follow from the one before`);
  try {
    const lines = linesOf(chunk);
    entries = lines.length;
    if (entries !== chunk.last - chunk.first + 1) say(`${name}: there are ${entries} of them`);
    for (let i = 0; i < lines.length; i++) {
      const { kind, traceId, id } = lines.sent(i);
      isTimed ||= kind === "span" || kind === "probe";
      if (traceId !== "") traces.add(traceKey(traceId));
      if (id !== "" && KINDS.indexOf(kind) >= KINDS.indexOf("slo")) names++;
    }
  } catch (error) {
    say(`${name} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  return { traces: traces.size, names, entries, isTimed };
}
