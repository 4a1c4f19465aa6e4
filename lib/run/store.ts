/** `sloctl store`: looking after the folder of a collector. */
import { EXIT, SloctlError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";
import { parseTimeNs } from "../model/time.ts";
import { count, plural } from "../report/format.ts";
import { printable } from "../report/text.ts";
import { seqAt } from "../store/journal_chunks.ts";
import { databasePath, openForReading } from "../store/journal_db.ts";
import { diffJournals, type Range } from "../store/journal_diff.ts";
import { type Point, restoreJournal } from "../store/journal_restore.ts";
import { takeSnapshot } from "../store/journal_snapshot.ts";
import { type Verified, verifyJournal } from "../store/journal_verify.ts";
import { JournalWriter } from "../store/journal_writer.ts";
import { readManifest, type SnapshotRow } from "../store/manifest.ts";
import { openTarget, type TargetOptions } from "./ask/target.ts";

const LEASE_MS = 60_000;

/** Also while a collector writes it. Resolves to the exit code. @throws IoError, IntegrityError */
export async function snapshotStore(dir: string, json: boolean, io: Io): Promise<number> {
  const row = await takeSnapshot(dir, Date.now());
  const { file, first, last, digest, bytes } = row;
  const text = `${dir}/${file}: ${held(first, last)}, digest ${digest}, ${count(bytes)} bytes`;
  io.out(json ? `${toJson(row)}\n` : `${printable(text)}\n`);
  return EXIT.ok;
}

/** A copy of a database may take minutes. */
const SNAPSHOT_MS = 600_000;

/** Asks a running collector to do it in its own folder. Resolves to the exit code. @throws UsageError, IoError */
export async function snapshotRemote(options: TargetOptions, json: boolean, io: Io): Promise<number> {
  if (options.store !== undefined) {
    throw new UsageError("Cannot copy two at once: --url and --store are given", "Give one of them");
  }
  const target = openTarget({ ...options, timeoutMs: SNAPSHOT_MS });
  const answer = await target.ask<SnapshotRow>("/v1/admin/snapshot", "snapshot-answer/v1", "POST");
  const { file, first, last, digest, bytes } = answer;
  const text = `${file} in the store of ${target.name}: ${held(first, last)}, digest ${digest}, ${count(bytes)} bytes`;
  io.out(json ? `${toJson(answer)}\n` : `${printable(text)}\n`);
  return EXIT.ok;
}

/** Removes what was committed before a point. @throws IoError when a collector has the store */
export function trimStore(dir: string, before: string, json: boolean, io: Io): number {
  const point = pointOf("--before", before);
  let until: number;
  {
    using db = openForReading(databasePath(dir));
    until = ("seq" in point ? point.seq - 1 : seqAt(db, point.ms - 1)) ?? 0;
  }
  using writer = new JournalWriter({
    dir,
    synchronous: "FULL",
    leaseMs: LEASE_MS,
    owner: `sloctl store trim with process id ${Deno.pid}`,
    retainMs: Infinity,
    retainBytes: Infinity,
    nowMs: Date.now,
  });
  const had = writer.state.first;
  while (writer.trim(until));
  const { first, last, digest } = writer.state;
  const document = { schema: "store-trim/v1", removed: first - had, first, last, digest };
  const text = `${plural(first - had, "entry", "entries")} removed; sequences ${count(first)} to ${
    count(last)
  } are left`;
  io.out(json ? `${toJson(document)}\n` : `${text}\n`);
  return EXIT.ok;
}

export interface RestoreCommand {
  readonly dir: string;
  readonly at: string;
  readonly to: string;
  readonly from: string | undefined;
  readonly json: boolean;
}

/** @throws UsageError, IoError, IntegrityError */
export async function restoreStore({ dir, at, to, from, json }: RestoreCommand, io: Io): Promise<number> {
  const { seq, parts } = await restoreJournal({ dir, at: pointOf("--at", at), to, from });
  const { problems, first, last, digest } = verifyJournal(databasePath(to));
  const document = { schema: "store-restore/v1", to, from: parts, first, last, digest, problems };
  const text = `${to}: ${held(first, last)}, digest ${digest}, from ${parts.join(" and ")}`;
  io.out(json ? `${toJson(document)}\n` : `${printable(text)}\n`);
  for (const problem of problems) io.err(printable(`sloctl: ${to}: ${problem}`) + "\n");
  return problems.length > 0 || last !== seq ? EXIT.integrity : EXIT.ok;
}

/** The database and every snapshot of the manifest. @throws IoError, IntegrityError */
export function verifyStore(dir: string, json: boolean, io: Io): number {
  const snapshots = readManifest(dir).snapshots;
  const found = [verifyJournal(databasePath(dir))];
  for (const { file, last, digest } of snapshots) {
    const one = verifySnapshot(`${dir}/${file}`);
    const isSame = one.last === last && one.digest === digest;
    const problems = isSame ? one.problems : [...one.problems, `the manifest says sequence ${last}, digest ${digest}`];
    found.push({ ...one, problems });
  }
  const bad = found.filter(({ problems }) => problems.length > 0);
  if (json) io.out(`${toJson({ schema: "store-verify/v1", pass: bad.length === 0, files: found })}\n`);
  else {
    for (const { file, first, last, digest, problems } of found) {
      const state = problems.length === 0 ? "ok" : plural(problems.length, "problem");
      io.out(printable(`${file}: ${state}; ${held(first, last)}, digest ${digest}`) + "\n");
      for (const problem of problems) io.out(printable(`  ${problem}`) + "\n");
    }
  }
  return bad.length === 0 ? EXIT.ok : EXIT.integrity;
}

/** One that the manifest names and that cannot be opened is a problem like any other. */
function verifySnapshot(path: string): Verified {
  try {
    return verifyJournal(path);
  } catch (error) {
    if (!(error instanceof SloctlError)) throw error;
    return { file: path, first: 1, last: 0, digest: "", entries: 0, problems: [error.message] };
  }
}

/** Folders of stores, or databases such as snapshots. Exit code 1 when they differ. @throws IoError, IntegrityError */
export function diffStores(a: string, b: string, json: boolean, io: Io): number {
  const difference = diffJournals(fileOf(a), fileOf(b));
  const rows = [
    [`only in ${a}`, difference.only_in_a],
    [`only in ${b}`, difference.only_in_b],
    ["different", difference.different],
  ] as const;
  const same = rows.every(([, ranges]) => ranges.length === 0);
  if (json) io.out(`${toJson({ schema: "store-diff/v1", a, b, same, ...difference })}\n`);
  else if (same) io.out("the same\n");
  else for (const [name, ranges] of rows) if (ranges.length > 0) io.out(printable(`${name}: ${words(ranges)}`) + "\n");
  return same ? EXIT.ok : EXIT.gateSaidNo;
}

function held(first: number, last: number): string {
  return last < first ? "no entries" : `sequences ${count(first)} to ${count(last)}`;
}

function fileOf(path: string): string {
  try {
    return Deno.statSync(path).isDirectory ? databasePath(path) : path;
  } catch {
    return path;
  }
}

function words(ranges: readonly Range[]): string {
  const total = ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
  const shown = ranges.slice(0, 20).map(([first, last]) => first === last ? `${first}` : `${first}-${last}`);
  return `${plural(total, "entry", "entries")}: ${shown.join(", ")}${ranges.length > 20 ? ", ..." : ""}`;
}

/** A sequence, or a time as RFC 3339. @throws UsageError */
function pointOf(flag: string, text: string): Point {
  if (/^\d{1,15}$/.test(text)) return { seq: Number(text) };
  const ns = parseTimeNs(text);
  if (ns === null) {
    throw new UsageError(
      `Cannot use "${flag} ${text}": it is neither a sequence nor a time`,
      "Write 1234 or 2026-01-31T12:00:00Z",
    );
  }
  return { ms: Number(ns / 1_000_000n) };
}
