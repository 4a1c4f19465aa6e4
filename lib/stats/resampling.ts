/** The bootstrap by drawing: runs with replacement, and as many values as they hold, with replacement from all of them. */
import type { Pool } from "./pool.ts";
import type { Random } from "./random.ts";

/** Gives the statistic of another resample with every call. */
export function resampling(pool: Pool, statistic: (values: Float64Array) => number, stream: Random): () => number {
  const { runs, values } = pool;
  const places = placesOf(runs);
  const counts = new Uint32Array(values.length);
  let held = new Uint32Array(values.length);
  let buffer = new Float64Array(values.length);
  const drawn = new Uint32Array(runs.length);
  return () => {
    let size = 0;
    for (let k = 0; k < runs.length; k++) {
      drawn[k] = runs.length === 1 ? 0 : stream.below(runs.length);
      size += runs[drawn[k]!]!.length;
    }
    if (size > held.length) [held, buffer] = [new Uint32Array(size), new Float64Array(size)];
    // The places of what these runs hold together, and how often each value was drawn: to write the values out in their order is
    // faster than to sort what was drawn.
    let end = 0;
    for (const run of drawn) {
      held.set(places[run]!, end);
      end += runs[run]!.length;
    }
    drawInto(counts, held, size, stream);
    writeOut(values, counts, buffer);
    counts.fill(0);
    return statistic(buffer.subarray(0, size));
  };
}

function drawInto(counts: Uint32Array, held: Uint32Array, size: number, stream: Random): void {
  for (let i = 0; i < size; i++) counts[held[stream.below(size)]!]!++;
}

function writeOut(values: Float64Array, counts: Uint32Array, buffer: Float64Array): void {
  let filled = 0;
  for (let i = 0; i < counts.length; i++) {
    const value = values[i]!;
    for (let left = counts[i]!; left > 0; left--) buffer[filled++] = value;
  }
}

/** For each run, where its values stand among all of them, in order. */
function placesOf(runs: readonly Float64Array[]): Uint32Array[] {
  const values = new Float64Array(runs.reduce((size, run) => size + run.length, 0));
  runs.reduce((at, run) => (values.set(run, at), at + run.length), 0);
  // The sort is stable, and NaN, the difference of equal infinities, counts as 0.
  const order = Uint32Array.from(values.keys()).sort((i, j) => values[i]! - values[j]!);
  const places = new Uint32Array(values.length);
  order.forEach((i, place) => places[i] = place);
  let end = 0;
  return runs.map((run) => places.subarray(end, end += run.length));
}
