/**
 * Good and bad events of the last W, in memory that does not grow: a ring of slices and its running sums. Counts are exact; the window's
 * far edge moves a slice at a time, so a window never reaches back further than W, and up to one slice less. Pure: time is an argument.
 */

export interface Counts {
  readonly good: number;
  readonly bad: number;
}

export class WindowCounter {
  readonly #good: Float64Array;
  readonly #bad: Float64Array;
  readonly #sliceMs: number;
  /** Number of the newest slice, counted from the epoch; -1 before the first event. */
  #head = -1;
  #goodSum = 0;
  #badSum = 0;

  constructor(readonly windowMs: number, slices: number) {
    this.#sliceMs = windowMs / slices;
    this.#good = new Float64Array(slices);
    this.#bad = new Float64Array(slices);
  }

  /** Counts events at `atMs`; false when the window, which ends at `nowMs` or later, has moved past them. `atMs` <= `nowMs`. */
  add(atMs: number, nowMs: number, good: number, bad: number): boolean {
    this.#advance(nowMs);
    const slice = Math.floor(atMs / this.#sliceMs);
    if (slice <= this.#head - this.#good.length) return false;
    const at = slice % this.#good.length;
    this.#good[at]! += good;
    this.#bad[at]! += bad;
    this.#goodSum += good;
    this.#badSum += bad;
    return true;
  }

  /** What the window holds that ends at `nowMs`; a time before the newest one is taken as that. */
  counts(nowMs: number): Counts {
    this.#advance(nowMs);
    return { good: this.#goodSum, bad: this.#badSum };
  }

  #advance(nowMs: number): void {
    const slice = Math.floor(nowMs / this.#sliceMs);
    if (slice <= this.#head) return;
    const length = this.#good.length;
    if (this.#head < 0 || slice - this.#head >= length) {
      this.#good.fill(0);
      this.#bad.fill(0);
      this.#goodSum = this.#badSum = 0;
    } else {
      for (let gone = this.#head + 1; gone <= slice; gone++) {
        const at = gone % length;
        this.#goodSum -= this.#good[at]!;
        this.#badSum -= this.#bad[at]!;
        this.#good[at] = this.#bad[at] = 0;
      }
    }
    this.#head = slice;
  }
}
