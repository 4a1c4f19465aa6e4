/**
 * A disk with a volatile cache, as real ones have: what is written is only safe once a flush has come back. It keeps every write and every
 * flush in order, so that it can say what a power cut at any of these moments would have left. Pure.
 */

/** What the medium keeps or loses as a whole; the smallest unit of a real one. */
export const SECTOR = 512;

/** Of sectors that were written and not flushed: whether this one had reached the medium. */
export type Kept = (sector: number) => boolean;

interface Write {
  readonly at: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Safe by itself ("force unit access"). */
  readonly forced: boolean;
}

export class VolatileDisk {
  /** As it was when power came on. */
  #medium: Uint8Array<ArrayBuffer>;
  /** As whoever reads it sees it. */
  #seen: Uint8Array<ArrayBuffer>;
  #log: (Write | "flush")[] = [];

  /** @param medium what is on it; its length is a multiple of the sector size */
  constructor(medium: Uint8Array<ArrayBuffer>) {
    this.#medium = medium;
    this.#seen = medium.slice();
  }

  get bytes(): number {
    return this.#seen.length;
  }

  /** Writes and flushes since power came on: a moment to name. */
  get moment(): number {
    return this.#log.length;
  }

  get flushes(): number {
    return this.#log.reduce((sum, one) => sum + (one === "flush" ? 1 : 0), 0);
  }

  read(at: number, length: number): Uint8Array<ArrayBuffer> {
    return this.#seen.subarray(at, at + length);
  }

  write(at: number, bytes: Uint8Array<ArrayBuffer>, forced: boolean): void {
    this.#seen.set(bytes, at);
    this.#log.push({ at, bytes, forced });
  }

  flush(): void {
    this.#log.push("flush");
  }

  /** The medium after a power cut at `moment`. Everything before the last flush is on it; of the rest, what `kept` says. */
  at(moment: number, kept: Kept): Uint8Array<ArrayBuffer> {
    const left = this.#medium.slice();
    const log = this.#log.slice(0, moment);
    const safe = log.lastIndexOf("flush");
    log.forEach((one, i) => {
      if (one === "flush") return;
      if (i < safe || one.forced) return left.set(one.bytes, one.at);
      for (let from = 0; from < one.bytes.length; from += SECTOR) {
        if (kept((one.at + from) / SECTOR)) left.set(one.bytes.subarray(from, from + SECTOR), one.at + from);
      }
    });
    return left;
  }

  /** Power fails now, and comes back. */
  cut(kept: Kept): void {
    this.#medium = this.at(this.moment, kept);
    this.#seen = this.#medium.slice();
    this.#log = [];
  }
}
