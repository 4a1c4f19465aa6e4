/** The values of one arm, in runs: what a bootstrap draws from. */
import { ascending } from "./describe.ts";

export interface Pool {
  /** Each in order; the runs by name. One run where nothing is said of runs. */
  readonly runs: readonly Float64Array[];
  /** All of them, in order. */
  readonly values: Float64Array;
}

/** Null when there is nothing, or a NaN among it. @throws RangeError unless every value has a cluster */
export function poolOf(samples: Iterable<number>, clusters?: ArrayLike<string | number>): Pool | null {
  const list = Array.isArray(samples) || samples instanceof Float64Array ? samples : Array.from(samples);
  if (clusters !== undefined && clusters.length !== list.length) {
    throw new RangeError(
      `Cannot cluster "${list.length} values": there are ${clusters.length} clusters, one is needed for each`,
    );
  }
  const values = ascending(list);
  if (values.length === 0 || Number.isNaN(values.at(-1))) return null;
  return { runs: clusters === undefined ? [values] : split(list, clusters), values };
}

function split(values: ArrayLike<number>, clusters: ArrayLike<string | number>): Float64Array[] {
  const sizes = new Map<string | number, number>();
  for (let i = 0; i < clusters.length; i++) sizes.set(clusters[i]!, (sizes.get(clusters[i]!) ?? 0) + 1);
  const names = [...sizes.keys()].sort((a, b) => String(a) < String(b) ? -1 : 1);
  const runs = new Map(names.map((name) => [name, new Float64Array(sizes.get(name)!)]));
  for (let i = 0; i < clusters.length; i++) {
    const [name, left] = [clusters[i]!, sizes.get(clusters[i]!)! - 1];
    runs.get(name)![left] = values[i]!;
    sizes.set(name, left);
  }
  return [...runs.values()].map((run) => run.sort());
}
