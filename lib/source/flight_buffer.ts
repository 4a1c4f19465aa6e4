/**
 * The last minutes of what the kernel told, as bytes in a bounded number of blocks: the oldest block goes when its time is over, or when
 * there is no room. Nothing is allocated for a record but its share of a block.
 */

export interface FlightBufferOptions {
  /** How far back is kept. */
  readonly keepNs: number;
  /** All blocks together. Default 64 MiB. */
  readonly mostBytes?: number;
}

/** `record`: as it crossed the ring. `event`: a kernel event as JSON. */
export type FlightKind = "record" | "event";

export interface FlightEntry {
  readonly kind: FlightKind;
  /** Kernel clock: when it was handed over. */
  readonly atNs: number;
  /** A view that is good until the next entry is added. */
  readonly bytes: Uint8Array;
}

const BLOCK_BYTES = 1024 * 1024;
const MOST_BYTES = 64 * 1024 * 1024;
/** Time as a double, length, kind. */
const HEAD_BYTES = 13;

interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView;
  used: number;
  lastNs: number;
}

export class FlightBuffer {
  readonly #keepNs: number;
  readonly #mostBlocks: number;
  #blocks: Block[] = [];
  /** Blocks to be used again: a buffer that turns over makes no garbage. */
  #spare: Block | undefined;
  #crowdedOutNs: number | null = null;
  #tooLarge = 0;

  constructor({ keepNs, mostBytes = MOST_BYTES }: FlightBufferOptions) {
    this.#keepNs = keepNs;
    this.#mostBlocks = Math.max(2, Math.floor(mostBytes / BLOCK_BYTES));
  }

  /** Bytes of memory held. */
  get bytes(): number {
    return (this.#blocks.length + (this.#spare === undefined ? 0 : 1)) * BLOCK_BYTES;
  }

  /** Until when entries had to go to make room although their time was not over; null: none had to. */
  get crowdedOutNs(): number | null {
    return this.#crowdedOutNs;
  }

  /** Entries larger than a block. */
  get tooLarge(): number {
    return this.#tooLarge;
  }

  add(kind: FlightKind, bytes: Uint8Array, atNs: number): void {
    const need = HEAD_BYTES + bytes.length;
    if (need > BLOCK_BYTES) {
      this.#tooLarge++;
      return;
    }
    let block = this.#blocks.at(-1);
    if (block === undefined || block.used + need > BLOCK_BYTES) block = this.#next(atNs);
    block.view.setFloat64(block.used, atNs, true);
    block.view.setUint32(block.used + 8, bytes.length, true);
    block.view.setUint8(block.used + 12, kind === "record" ? 0 : 1);
    block.bytes.set(bytes, block.used + HEAD_BYTES);
    block.used += need;
    block.lastNs = atNs;
  }

  /** The oldest first, none older than the time to keep before `nowNs`. What is added meanwhile may or may not be among them. */
  *entries(nowNs: number): Generator<FlightEntry> {
    const sinceNs = nowNs - this.#keepNs;
    for (const { bytes, view, used } of [...this.#blocks]) {
      for (let at = 0; at < used;) {
        const atNs = view.getFloat64(at, true);
        const length = view.getUint32(at + 8, true);
        const kind = view.getUint8(at + 12) === 0 ? "record" : "event";
        at += HEAD_BYTES;
        if (atNs >= sinceNs) yield { kind, atNs, bytes: bytes.subarray(at, at + length) };
        at += length;
      }
    }
  }

  #next(nowNs: number): Block {
    while (this.#blocks.length > 0 && this.#blocks[0]!.lastNs < nowNs - this.#keepNs) {
      this.#spare = this.#blocks.shift();
    }
    if (this.#blocks.length >= this.#mostBlocks) {
      this.#spare = this.#blocks.shift()!;
      this.#crowdedOutNs = this.#spare.lastNs;
    }
    const bytes = this.#spare?.bytes ?? new Uint8Array(BLOCK_BYTES);
    this.#spare = undefined;
    const block = { bytes, view: new DataView(bytes.buffer), used: 0, lastNs: nowNs };
    this.#blocks.push(block);
    return block;
  }
}
