/** What one journal holds and another does not, by sequence. */
import { encodeChunk } from "./chunk.ts";
import { type ChunkRow, chunksAfter, linesOf } from "./journal_chunks.ts";
import { openForReading } from "./journal_db.ts";

/** First and last sequence, both included. */
export type Range = readonly [number, number];

export interface Difference {
  readonly only_in_a: readonly Range[];
  readonly only_in_b: readonly Range[];
  /** Under the same sequence there is something else. */
  readonly different: readonly Range[];
}

interface Item {
  readonly seq: number;
  readonly text: () => string;
}

/** @param a @param b databases @throws IoError, IntegrityError */
export function diffJournals(a: string, b: string): Difference {
  using first = openForReading(a);
  using second = openForReading(b);
  const [onlyA, onlyB, different]: [number, number][][] = [[], [], []];
  const [left, right] = [new Cursor(chunksAfter(first)), new Cursor(chunksAfter(second))];
  for (;;) {
    if (left.isAtSame(right)) {
      left.skip();
      right.skip();
      continue;
    }
    const [x, y] = [left.item, right.item];
    if (x === null && y === null) return { only_in_a: onlyA!, only_in_b: onlyB!, different: different! };
    if (y === null || x !== null && x.seq < y.seq) add(onlyA!, x!.seq);
    else if (x === null || y.seq < x.seq) add(onlyB!, y.seq);
    else if (x.text() !== y.text()) add(different!, x.seq);
    if (x !== null && (y === null || x.seq <= y.seq)) left.step();
    if (y !== null && (x === null || y.seq <= x.seq)) right.step();
  }
}

function add(ranges: [number, number][], seq: number): void {
  const last = ranges.at(-1);
  if (last !== undefined && last[1] === seq - 1) last[1] = seq;
  else ranges.push([seq, seq]);
}

class Cursor {
  readonly #chunks: Iterator<ChunkRow>;
  #chunk: ChunkRow | null;
  #at = 0;

  constructor(chunks: Iterator<ChunkRow>) {
    this.#chunks = chunks;
    this.#chunk = chunks.next().value ?? null;
  }

  get item(): Item | null {
    const chunk = this.#chunk;
    if (chunk === null) return null;
    const at = this.#at;
    // In one form, whichever each of the two is kept in.
    return { seq: chunk.first + at, text: () => encodeChunk([linesOf(chunk).sent(at)]).body.toBase64() };
  }

  /** Both begin a chunk, and the chunks are the same. */
  isAtSame(other: Cursor): boolean {
    const [a, b] = [this.#chunk, other.#chunk];
    return a !== null && b !== null && this.#at === 0 && other.#at === 0 && a.first === b.first && a.last === b.last &&
      a.sum.toHex() === b.sum.toHex();
  }

  skip(): void {
    this.#chunk = this.#chunks.next().value ?? null;
    this.#at = 0;
  }

  step(): void {
    this.#at++;
    if (this.#chunk!.first + this.#at > this.#chunk!.last) this.skip();
  }
}
