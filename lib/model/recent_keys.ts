/** Which keys were seen lately, within a bounded memory. */
export class RecentKeys {
  #recent = new Set<string>();
  #older = new Set<string>();

  /** @param horizon keys remembered: the last `horizon` at most, the last half of them at least */
  constructor(readonly horizon: number) {}

  /** False when it was seen before; it counts as seen from now on. */
  add(key: string): boolean {
    if (this.#recent.has(key) || this.#older.has(key)) return false;
    if (this.#recent.size >= this.horizon / 2) {
      this.#older = this.#recent;
      this.#recent = new Set();
    }
    this.#recent.add(key);
    return true;
  }

  /** Takes it back: what it stood for could not be kept, and will come again. */
  forget(key: string): void {
    this.#recent.delete(key);
    this.#older.delete(key);
  }
}
