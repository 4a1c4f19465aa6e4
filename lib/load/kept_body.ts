/** The beginning of a body that is not streamed, up to a bound. */
export class KeptBody {
  #bytes = new Uint8Array(0);
  #size = 0;
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** All that may be kept is kept: perhaps there was more. */
  get full(): boolean {
    return this.#size >= this.#most;
  }

  get empty(): boolean {
    return this.#size === 0;
  }

  add(part: Uint8Array): void {
    const room = Math.min(part.length, this.#most - this.#size);
    if (this.#size + room > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#most, 2 * (this.#size + room)));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(part.subarray(0, room), this.#size);
    this.#size += room;
  }

  /** The first bytes as text. */
  text(most = Infinity): string {
    return new TextDecoder().decode(this.#bytes.subarray(0, Math.min(this.#size, most)));
  }
}
