/** Chunks that were read lately, with those of their entries that were asked for: whoever asks of one moment asks of its neighbours. */
import type { ChunkEntries } from "./chunk.ts";
import type { Entry, Kind } from "./store.ts";

/** Of the chunks as they lie on disk; what is made of them is about five times as large. */
const MOST_BYTES = 8 << 20;

/** Entries of one chunk, each made once. */
export class ReadChunk {
  readonly #entries: (Entry | undefined)[] = [];
  readonly #kinds = new Map<Kind, readonly Entry[]>();

  constructor(readonly lines: ChunkEntries) {}

  entry(i: number): Entry {
    return this.#entries[i] ??= this.lines.entry(i);
  }

  /** @param id in lower case */
  *ofTrace(id: string): Generator<Entry> {
    for (let i = 0; i < this.lines.length; i++) {
      const known = this.#entries[i];
      // Most of its neighbours are of other traces.
      if (known === undefined && !this.lines.mayBeOf(i, id)) continue;
      const entry = known ?? this.entry(i);
      if (entry.traceId === id) yield entry;
    }
  }

  ofKind(kind: Kind): readonly Entry[] {
    let found = this.#kinds.get(kind);
    if (found === undefined) {
      const places = Array.from({ length: this.lines.length }, (_, i) => i);
      found = places.filter((i) => this.lines.kind(i) === kind).map((i) => this.entry(i));
      this.#kinds.set(kind, found);
    }
    return found;
  }
}

export class ChunkCache {
  /** By the sequence of the last entry, the longest unused first. */
  readonly #chunks = new Map<number, { readonly chunk: ReadChunk; readonly bytes: number }>();
  #bytes = 0;

  constructor(readonly mostBytes = MOST_BYTES) {}

  get bytes(): number {
    return this.#bytes;
  }

  has(last: number): boolean {
    return this.#chunks.has(last);
  }

  get(last: number): ReadChunk | undefined {
    const known = this.#chunks.get(last);
    if (known === undefined) return undefined;
    this.#chunks.delete(last);
    this.#chunks.set(last, known);
    return known.chunk;
  }

  /** @param bytes what it takes on disk */
  put(last: number, chunk: ReadChunk, bytes: number): void {
    this.#chunks.set(last, { chunk, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: own }] of this.#chunks) {
      if (this.#bytes <= this.mostBytes || oldest === last) break;
      this.#chunks.delete(oldest);
      this.#bytes -= own;
    }
  }
}
