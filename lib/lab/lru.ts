/** Remembers the `size` values asked for last. Pure. */
export class Lru<V> {
  readonly #entries = new Map<string, V>();

  constructor(readonly size: number) {}

  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) this.#put(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#put(key, value);
    if (this.#entries.size <= this.size) return;
    const oldest = this.#entries.keys().next();
    if (!oldest.done) this.#entries.delete(oldest.value);
  }

  /** A Map keeps the order of insertion: the first is the one not asked for longest. */
  #put(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
  }
}
