/** All differences x - y of two samples, counted and never stored: rows and columns are in order, so one walk along both will do. */
import { leastDouble, middleDouble } from "./least_double.ts";

/** So few are written out and sorted. */
const FEW = 32_768;

export class Differences {
  readonly pairs: number;
  readonly #x: Float64Array;
  readonly #y: Float64Array;

  /** Both in order and not empty, without an infinity that both have. */
  constructor(x: Float64Array, y: Float64Array) {
    this.#x = x;
    this.#y = y;
    this.pairs = x.length * y.length;
  }

  /** The k-th from the least on, from 1; infinite beyond the ends. */
  nth(k: number): number {
    if (k < 1) return -Infinity;
    if (k > this.pairs) return Infinity;
    let low = this.#x[0]! - this.#y.at(-1)!;
    let high = this.#x.at(-1)! - this.#y[0]!;
    let upToLow = this.#atMost(low);
    if (upToLow >= k) return low;
    // It lies above low and at most at high. Halving the range is fast, halving the doubles in it is sure: in turns.
    for (let upToHigh = this.pairs, turn = 0; upToHigh - upToLow > FEW; turn++) {
      const half = low + (high - low) / 2;
      const middle = turn % 2 === 0 && low < half && half < high ? half : middleDouble(low, high);
      if (middle === low) return high;
      const count = this.#atMost(middle);
      if (count >= k) [high, upToHigh] = [middle, count];
      else [low, upToLow] = [middle, count];
    }
    return this.#between(low, high)[k - upToLow - 1]!;
  }

  /** The one after the k-th, which is `kth`: the same, or the least above it. */
  after(kth: number, k: number): number {
    if (this.#atMost(kth) > k) return kth;
    const [x, y] = [this.#x, this.#y];
    let least = Infinity;
    for (let i = 0, j = 0; i < x.length; i++) {
      while (j < y.length && x[i]! - y[j]! > kth) j++;
      if (j > 0) least = Math.min(least, x[i]! - y[j - 1]!);
    }
    return least;
  }

  /** How many lie below the first d whose U(d), pairs above it and half of those at it, fulfils `holds`. */
  belowFirst(holds: (u: number) => boolean): number {
    const u = (d: number) => this.pairs - (this.#atMost(d) + this.#below(d)) / 2;
    const first = leastDouble(this.#x[0]! - this.#y.at(-1)!, Infinity, (d) => holds(u(d)));
    return Number.isNaN(first) ? this.pairs : this.#below(first);
  }

  #atMost(d: number): number {
    const [x, y] = [this.#x, this.#y];
    let count = 0;
    for (let i = 0, j = 0; i < x.length; i++) {
      while (j < y.length && x[i]! - y[j]! > d) j++;
      count += y.length - j;
    }
    return count;
  }

  #below(d: number): number {
    const [x, y] = [this.#x, this.#y];
    let count = 0;
    for (let i = 0, j = 0; i < x.length; i++) {
      while (j < y.length && x[i]! - y[j]! >= d) j++;
      count += y.length - j;
    }
    return count;
  }

  /** Those above `low` and at most `high`, in order. */
  #between(low: number, high: number): Float64Array {
    const [x, y] = [this.#x, this.#y];
    const found: number[] = [];
    for (let i = 0, first = 0, end = 0; i < x.length; i++) {
      while (first < y.length && x[i]! - y[first]! > high) first++;
      while (end < y.length && x[i]! - y[end]! > low) end++;
      for (let j = first; j < end; j++) found.push(x[i]! - y[j]!);
    }
    return Float64Array.from(found).sort();
  }
}
