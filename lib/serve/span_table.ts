/** A set of span identities in flat memory: looking at half a million a second makes no garbage. */
import { ID_WORDS } from "../otlp/scan_traces.ts";

const [EMPTY, TAKEN, DELETED] = [0, 1, 2];

export class SpanTable {
  readonly #places: number;
  readonly #words: Uint32Array;
  readonly #states: Uint8Array;
  /** Nobody who chooses ids can know where they fall. */
  readonly #seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  #used = 0;

  /** @param most held */
  constructor(readonly most: number) {
    this.#places = 2 ** Math.ceil(Math.log2(Math.max(2, most * 2)));
    this.#words = new Uint32Array(this.#places * ID_WORDS);
    this.#states = new Uint8Array(this.#places);
  }

  /** What was deleted counts too: its place is not free before `clear`. */
  get isFull(): boolean {
    return this.#used >= this.most;
  }

  /** @param at where its words begin in `words` */
  has(words: Uint32Array, at: number): boolean {
    return this.#find(words, at) >= 0;
  }

  /** It must not be there, nor the table full. */
  add(words: Uint32Array, at: number): void {
    let place = this.#home(words, at);
    while (this.#states[place] !== EMPTY) place = place + 1 & this.#places - 1;
    this.#states[place] = TAKEN;
    for (let i = 0; i < ID_WORDS; i++) this.#words[place * ID_WORDS + i] = words[at + i]!;
    this.#used++;
  }

  delete(words: Uint32Array, at: number): void {
    const place = this.#find(words, at);
    if (place >= 0) this.#states[place] = DELETED;
  }

  clear(): void {
    this.#states.fill(EMPTY);
    this.#used = 0;
  }

  #find(words: Uint32Array, at: number): number {
    for (let place = this.#home(words, at);; place = place + 1 & this.#places - 1) {
      const state = this.#states[place];
      if (state === EMPTY) return -1;
      if (state === TAKEN && this.#is(place, words, at)) return place;
    }
  }

  #is(place: number, words: Uint32Array, at: number): boolean {
    const own = place * ID_WORDS;
    for (let i = ID_WORDS - 1; i >= 0; i--) if (this.#words[own + i] !== words[at + i]) return false;
    return true;
  }

  #home(words: Uint32Array, at: number): number {
    let hash = this.#seed;
    for (let i = ID_WORDS - 1; i >= 0; i--) {
      hash = Math.imul(hash ^ words[at + i]!, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash & this.#places - 1;
  }
}
