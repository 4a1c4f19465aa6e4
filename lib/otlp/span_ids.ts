/** Identities of spans as they are scanned, in one growing list of 32-bit words. */
/** 32-bit words of a span's identity: four of its trace id, two of its own. */
export const ID_WORDS = 6;

export interface ScannedTraces {
  /** At least one; all of them would be kept. */
  readonly spans: number;
  /** ID_WORDS a span, big-endian as in the hex that people read. */
  readonly ids: Uint32Array;
  /** Unix milliseconds of the first start and the last end, rounded down. */
  readonly oldestMs: number;
  readonly newestMs: number;
}

export class SpanIds {
  #words = new Uint32Array(64 * ID_WORDS);
  #length = 0;

  get spans(): number {
    return this.#length / ID_WORDS;
  }

  /** Room for one more; returns where its words begin in `words`. */
  next(): number {
    const at = this.#length;
    this.#length += ID_WORDS;
    if (this.#length > this.#words.length) {
      const larger = new Uint32Array(this.#words.length * 4);
      larger.set(this.#words);
      this.#words = larger;
    }
    return at;
  }

  get words(): Uint32Array {
    return this.#words;
  }

  /** A copy of what is there. */
  copy(): Uint32Array {
    return this.#words.slice(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }
}
