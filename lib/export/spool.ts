/** A queue of what is still to be sent, within a bound: when it is full the oldest goes, and is counted. */

/** What travels in one request. */
export interface Parcel {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Spans, log records or data points in it: losses are told in these. */
  readonly items: number;
}

export interface SpoolState {
  readonly parcels: number;
  readonly items: number;
  readonly bytes: number;
  /** Items that went to make room. */
  readonly dropped: number;
  /** Items whose parcel was damaged on disk; of what could not even be counted, parcels count as one. */
  readonly damaged: number;
}

/**
 * First in, first out. One parcel at a time is out: `next`, and then `done` or `again`. What is out can still be dropped to make
 * room; it counts as dropped only when it comes back.
 */
export interface Spool extends AsyncDisposable {
  readonly state: SpoolState;
  /** False when the parcel alone is larger than the bound; nothing is dropped for it. @throws IoError when the disk refuses */
  append(parcel: Parcel): Promise<boolean>;
  /** The oldest one; null when there is none. */
  next(): Promise<Parcel | null>;
  /** It was sent, or never will be. */
  done(): Promise<void>;
  /** It has to be sent again. */
  again(): Promise<void>;
  close(): Promise<void>;
}

/** In memory: what is in it when the process ends is lost. */
export class MemorySpool implements Spool {
  readonly #parcels: Parcel[] = [];
  #bytes = 0;
  #items = 0;
  #dropped = 0;
  #out: Parcel | null = null;

  constructor(private readonly maxBytes: number) {}

  get state(): SpoolState {
    return {
      parcels: this.#parcels.length,
      items: this.#items,
      bytes: this.#bytes,
      dropped: this.#dropped,
      damaged: 0,
    };
  }

  append(parcel: Parcel): Promise<boolean> {
    const size = parcel.payload.length;
    if (size > this.maxBytes) return Promise.resolve(false);
    while (this.#bytes + size > this.maxBytes) this.#drop(this.#remove());
    this.#parcels.push(parcel);
    this.#bytes += size;
    this.#items += parcel.items;
    return Promise.resolve(true);
  }

  next(): Promise<Parcel | null> {
    this.#out = this.#parcels[0] ?? null;
    return Promise.resolve(this.#out);
  }

  done(): Promise<void> {
    if (this.#out !== null && this.#out === this.#parcels[0]) this.#remove();
    this.#out = null;
    return Promise.resolve();
  }

  again(): Promise<void> {
    if (this.#out !== null && this.#out !== this.#parcels[0]) this.#dropped += this.#out.items;
    this.#out = null;
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #remove(): Parcel {
    const parcel = this.#parcels.shift()!;
    this.#bytes -= parcel.payload.length;
    this.#items -= parcel.items;
    return parcel;
  }

  #drop(parcel: Parcel): void {
    if (parcel !== this.#out) this.#dropped += parcel.items;
  }
}
