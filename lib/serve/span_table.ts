/** A set of span identities in flat memory: looking at half a million a second makes no garbage. */
import { ID_WORDS } from "../otlp/scan_traces.ts";

/** What is in a place: nothing, nothing any more, or the hash of what is. */
const [EMPTY, DELETED] = [0, 1];

/** Nobody who chooses ids can know where they fall. */
const SEED = crypto.getRandomValues(new Uint32Array(1))[0]!;

/** @param at where its words begin in `words` @returns 32 bits, never EMPTY nor DELETED */
export function spanHash(words: Uint32Array, at: number): number {
  let hash = SEED;
  for (let i = ID_WORDS - 1; i >= 0; i--) {
    hash = Math.imul(hash ^ words[at + i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return (hash | 2) >>> 0;
}

/** Hashes are looked at first: of half a million ids a second few are compared, and each of those costs a miss of the cache. */
export class SpanTable {
  readonly #places: number;
  readonly #words: Uint32Array;
  readonly #hashes: Uint32Array;
  #used = 0;

  /** @param most held */
  constructor(readonly most: number) {
    this.#places = 2 ** Math.ceil(Math.log2(Math.max(2, most * 2)));
    this.#words = new Uint32Array(this.#places * ID_WORDS);
    this.#hashes = new Uint32Array(this.#places);
  }

  /** What was deleted counts too: its place is not free before `clear`. */
  get isFull(): boolean {
    return this.#used >= this.most;
  }

  /** @param at where its words begin in `words` @param hash as `spanHash` makes it */
  has(words: Uint32Array, at: number, hash: number): boolean {
    return this.#find(words, at, hash) >= 0;
  }

  /** It must not be there, nor the table full. */
  add(words: Uint32Array, at: number, hash: number): void {
    let place = this.#home(hash);
    while (this.#hashes[place] !== EMPTY) place = place + 1 & this.#places - 1;
    this.#hashes[place] = hash;
    for (let i = 0; i < ID_WORDS; i++) this.#words[place * ID_WORDS + i] = words[at + i]!;
    this.#used++;
  }

  delete(words: Uint32Array, at: number, hash: number): void {
    const place = this.#find(words, at, hash);
    if (place >= 0) this.#hashes[place] = DELETED;
  }

  clear(): void {
    this.#hashes.fill(EMPTY);
    this.#used = 0;
  }

  #find(words: Uint32Array, at: number, hash: number): number {
    for (let place = this.#home(hash);; place = place + 1 & this.#places - 1) {
      const there = this.#hashes[place];
      if (there === EMPTY) return -1;
      if (there === hash && this.#is(place, words, at)) return place;
    }
  }

  #is(place: number, words: Uint32Array, at: number): boolean {
    const own = place * ID_WORDS;
    for (let i = ID_WORDS - 1; i >= 0; i--) if (this.#words[own + i] !== words[at + i]) return false;
    return true;
  }

  /** Two bits of the hash are not its own. */
  #home(hash: number): number {
    return hash >>> 2 & this.#places - 1;
  }
}
