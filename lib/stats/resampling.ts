/** The bootstrap by drawing: runs with replacement, and as many values as they hold, with replacement from all of them. */
import type { Pool } from "./pool.ts";
import type { Random } from "./random.ts";

/** Gives the statistic of another resample with every call. */
export function resampling(pool: Pool, statistic: (values: Float64Array) => number, stream: Random): () => number {
  const { runs, values } = pool;
  const places = runs.map((_, run) => placesOf(runs, run));
  const most = runs.length * Math.max(...runs.map((run) => run.length));
  // Places of the values that the drawn runs hold together, and how often each value was drawn. Writing the values out in their
  // order is faster than sorting what was drawn.
  const held = new Uint32Array(most);
  const counts = new Uint32Array(values.length);
  const buffer = new Float64Array(most);
  return () => {
    let size = 0;
    for (let k = 0; k < runs.length; k++) {
      const place = places[runs.length === 1 ? 0 : stream.below(runs.length)]!;
      held.set(place, size);
      size += place.length;
    }
    for (let i = 0; i < size; i++) counts[held[stream.below(size)]!]!++;
    let filled = 0;
    for (let i = 0; i < counts.length; i++) {
      const value = values[i]!;
      for (let left = counts[i]!; left > 0; left--) buffer[filled++] = value;
    }
    counts.fill(0);
    return statistic(buffer.subarray(0, size));
  };
}

/** Where the values of one run stand among all of them, in order; equal values of earlier runs stand first. */
function placesOf(runs: readonly Float64Array[], own: number): Uint32Array {
  const places = Uint32Array.from(runs[own]!.keys());
  runs.forEach((other, run) => {
    if (run === own) return;
    let before = 0;
    runs[own]!.forEach((value, i) => {
      while (before < other.length && (run < own ? other[before]! <= value : other[before]! < value)) before++;
      places[i]! += before;
    });
  });
  return places;
}
