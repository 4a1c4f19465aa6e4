/** Memory that the bodies of all requests in flight may take together. */

export class ByteBudget {
  #taken = 0;

  constructor(readonly limit: number) {}

  get taken(): number {
    return this.#taken;
  }

  /** False, and nothing taken, where it does not fit. What is taken must be given back. */
  take(bytes: number): boolean {
    if (this.#taken + bytes > this.limit) return false;
    this.#taken += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#taken -= bytes;
  }
}
