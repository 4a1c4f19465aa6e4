/**
 * Whether a write-ahead log is torn at its end, as a power cut leaves it, or damaged in the middle. SQLite stops at the first frame whose
 * checksum is wrong, in both cases, and what follows is not there. But a commit's frames are written only when the commit before was synced,
 * and each frame's checksum goes on from the one before: a frame behind that goes on from a commit says that this commit was on disk,
 * and was acknowledged. So nothing of a torn tail passes for damage; of damage within the last commit nobody can tell it from a torn one.
 *
 * The format: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
 */
import { databasePath } from "./journal_db.ts";
import { IntegrityError } from "./store_errors.ts";

export interface LogDamage {
  readonly path: string;
  /** The first frame that is not what was written, from 1; 0: the head of the file. */
  readonly frame: number;
  readonly frames: number;
  /** Commits at or behind it that were synced; those that nothing followed do not count. */
  readonly commits: number;
}

const HEAD = 32;
const FRAME_HEAD = 24;
const MAGIC = 0x377f0682;

/** Null: it is whole, or torn, or not there. @param path of the log; nobody may be writing it */
export function logDamage(path: string): LogDamage | null {
  const bytes = read(path);
  if (bytes === null || bytes.length < HEAD + FRAME_HEAD) return null;
  const head = new DataView(bytes.buffer, bytes.byteOffset, HEAD);
  const isBigEndian = head.getUint32(0) === MAGIC + 1;
  const sum = (seed: Sum, from: number, length: number) => checksum(bytes, from, length, seed, !isBigEndian);
  const headSum: Sum = [head.getUint32(24), head.getUint32(28)];
  const isHeadRight = (isBigEndian || head.getUint32(0) === MAGIC) && same(sum([0, 0], 0, 24), headSum);
  const pageBytes = isHeadRight ? head.getUint32(8) : 4096;
  const size = FRAME_HEAD + pageBytes;
  const frames = Math.floor((bytes.length - HEAD) / size);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  // Frames of the log before this one may lie behind it: they have another salt.
  const saltAt = isHeadRight ? 16 : HEAD + 8;
  const [salt1, salt2] = [view.getUint32(saltAt), view.getUint32(saltAt + 4)];

  let [before, isAfterCommit, broken, commits] = [headSum, false, isHeadRight ? -1 : 0, 0];
  for (let frame = 1, at = HEAD; frame <= frames; frame++, at += size) {
    const own: Sum = [view.getUint32(at + 16), view.getUint32(at + 20)];
    const isOurs = view.getUint32(at + 8) === salt1 && view.getUint32(at + 12) === salt2;
    const goesOn = isOurs && same(sum(sum(before, at, 8), at + FRAME_HEAD, pageBytes), own);
    // The commit just before this frame: it lies at the damage, or behind it.
    if (broken >= 0 && broken < frame && isAfterCommit && goesOn) commits++;
    if (broken < 0 && !goesOn) broken = frame;
    isAfterCommit = isOurs && view.getUint32(at + 4) !== 0;
    before = own;
  }
  return commits === 0 ? null : { path, frame: broken, frames, commits };
}

/** Of the log of a store; null too while somebody writes it. */
export function damageOf(dir: string): LogDamage | null {
  try {
    using lock = Deno.openSync(`${dir}/lock`, { read: true, write: true });
    return lock.tryLockSync(true) ? logDamage(`${databasePath(dir)}-wal`) : null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

export function damageText({ frame, frames, commits }: LogDamage): string {
  const where = frame === 0 ? "in its head" : `at frame ${frame} of ${frames}`;
  return `it is damaged ${where}, and ${commits} or more commits at or behind that place had been synced`;
}

/** @throws IntegrityError: whoever writes to a store would write over what is left of them */
export function refuseDamage(dir: string): void {
  const damage = damageOf(dir);
  if (damage === null) return;
  throw new IntegrityError(
    `Cannot open "${damage.path}": ${damageText(damage)}`,
    "Keep a copy of the folder; restore from a snapshot (sloctl store restore --from), or set SLOCTL_WAL_DAMAGED=accept once to go on " +
      "without what follows",
  );
}

type Sum = readonly [number, number];

const same = (a: Sum, b: Sum) => a[0] === b[0] && a[1] === b[1];

/** @param length a multiple of 8 */
function checksum(bytes: Uint8Array, from: number, length: number, [a, b]: Sum, littleEndian: boolean): Sum {
  const view = new DataView(bytes.buffer, bytes.byteOffset + from, length);
  for (let at = 0; at < length; at += 8) {
    a = (a + view.getUint32(at, littleEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, littleEndian) + a) >>> 0;
  }
  return [a, b];
}

function read(path: string): Uint8Array | null {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
