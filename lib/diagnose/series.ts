/**
 * Durations of one row in bounded memory: every value up to 512, then a histogram whose buckets grow by 2 %, so that a
 * quantile is at most 1 % off. Count, sum, least and largest are exact throughout. (The sketch is that of DDSketch, Masson et
 * al., VLDB 2019.)
 */
import { type Histogram, midpointMs } from "../model/histogram.ts";

const EXACT_LIMIT = 512;
const GROWTH = 1.02;
const LOG_GROWTH = Math.log(GROWTH);
/** Values below one nanosecond share the lowest bucket, so there are at most about 2 100 of them up to a year. */
const LEAST_MS = 1e-6;

export class Series {
  #values: number[] | null = [];
  #weights: number[] = [];
  readonly #buckets = new Map<number, number>();
  #count = 0;
  #sum = 0;
  #min = Infinity;
  #max = 0;

  /** Adds `weight` occurrences of `ms` each. */
  add(ms: number, weight = 1): void {
    if (!(weight > 0) || !Number.isFinite(ms)) return;
    const value = Math.max(0, ms);
    this.#count += weight;
    this.#sum += value * weight;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    if (this.#values !== null && this.#values.length < EXACT_LIMIT) {
      this.#values.push(value);
      this.#weights.push(weight);
      return;
    }
    this.#sketch();
    this.#toBucket(value, weight);
  }

  /** Adds occurrences by buckets of their length in ms: each counts as the middle of its bucket, their sum as it is. */
  addHistogram({ bounds, counts }: Histogram, sumMs: number): void {
    const before = this.#sum;
    counts.forEach((count, i) => this.add(midpointMs(bounds, i), count));
    this.#sum = before + sumMs;
  }

  /** Adds everything another series holds. */
  merge(other: Series): void {
    for (const [value, weight] of other.#entries()) {
      const [sum, min, max] = [this.#sum, this.#min, this.#max];
      this.add(value, weight);
      [this.#sum, this.#min, this.#max] = [sum, min, max]; // a bucket's middle is not a value: take the exact ones below
    }
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  /** Infinity where there is none. */
  get min(): number {
    return this.#min;
  }

  get max(): number {
    return this.#max;
  }

  /** The nearest-rank quantile; 0 of nothing. */
  quantile(q: number): number {
    const entries = this.#entries().sort((a, b) => a[0] - b[0]);
    // A product such as 0.95 * 20 may land a hair above its integer: that must not cost a rank.
    const rank = Math.max(1, Math.ceil(q * this.#count - 1e-9));
    let seen = 0;
    for (const [value, weight] of entries) {
      seen += weight;
      if (seen >= rank) return Math.min(this.#max, Math.max(this.#min, value));
    }
    return this.#max;
  }

  #entries(): [value: number, weight: number][] {
    if (this.#values !== null) return this.#values.map((value, i) => [value, this.#weights[i] ?? 0]);
    return [...this.#buckets].map(([index, weight]) => [2 * GROWTH ** index / (1 + GROWTH), weight]);
  }

  #sketch(): void {
    if (this.#values === null) return;
    this.#values.forEach((value, i) => this.#toBucket(value, this.#weights[i] ?? 0));
    this.#values = null;
    this.#weights = [];
  }

  #toBucket(value: number, weight: number): void {
    const index = Math.ceil(Math.log(Math.max(LEAST_MS, value)) / LOG_GROWTH);
    this.#buckets.set(index, (this.#buckets.get(index) ?? 0) + weight);
  }
}
