/** Draws a group of requests again and again, and yields the mean split of each draw: all that a bootstrap of splits needs. */
import { type Label, LABELS, type RequestSplit, type Split } from "../model/split.ts";
import type { Random } from "../stats/random.ts";

export class Resample {
  /** By label, the milliseconds of each request; NaN where not watched. */
  readonly #columns: readonly Float64Array[];
  readonly #size: number;
  readonly #drawn: Uint32Array;

  constructor(requests: readonly RequestSplit[]) {
    this.#columns = LABELS.map((label) => Float64Array.from(requests, ({ split }) => split[label] ?? NaN));
    this.#size = requests.length;
    this.#drawn = new Uint32Array(requests.length);
  }

  /** The mean split of as many requests, drawn with replacement. */
  meanSplit(stream: Random): Split {
    for (let i = 0; i < this.#size; i++) this.#drawn[i] = stream.below(this.#size);
    return Object.fromEntries(LABELS.map((label, i) => [label, meanOf(this.#columns[i]!, this.#drawn)])) as Record<
      Label,
      number | null
    >;
  }
}

/** Of what was watched; null when nothing was. */
function meanOf(values: Float64Array, drawn: Uint32Array): number | null {
  let sum = 0;
  let count = 0;
  for (const at of drawn) {
    const value = values[at]!;
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? null : sum / count;
}
