/**
 * Intervals found by time without looking at all of them. They lie in runs: sorted by end, the order in which spans come, one run for
 * each class of lengths, the longest of a class at most twice as long as the shortest. So whatever reaches into a window ends at most one
 * class width behind it, and a single long interval does not make every search look at everything that ended before it.
 */
import { Points } from "./points.ts";

/** Lengths up to this share the first class above the points. */
const LEAST_WIDTH_NS = 16e6;

/** Ends of intervals none of which is longer than `widthNs`. */
interface Run {
  readonly widthNs: number;
  readonly ends: Points;
}

/** Where the start of an interval stands: `starts[id & mask]`. */
export interface Starts {
  readonly starts: Float64Array;
  readonly mask: number;
}

export class Intervals {
  readonly #runs: Run[] = [];

  add(startNs: number, endNs: number, id: number): void {
    this.#run(classOf(endNs - startNs)).add(endNs, id);
  }

  /** Appends to `out` the ids, from `oldest` on, of what has a moment in common with the window, bounds included; `most` at most. */
  near(fromNs: number, toNs: number, oldest: number, { starts, mask }: Starts, out: number[], most = Infinity): void {
    for (const { widthNs, ends } of this.#runs) {
      const { times, ids, to } = ends;
      for (let i = ends.firstFrom(fromNs); i < to && times[i]! <= toNs + widthNs; i++) {
        const id = ids[i]!;
        if (id < oldest || starts[id & mask]! > toNs) continue;
        if (out.push(id) >= most) return;
      }
    }
  }

  /** Lets go of ids below `oldest`; true when nothing is left. */
  drop(oldest: number): boolean {
    for (let i = this.#runs.length - 1; i >= 0; i--) {
      if (this.#runs[i]!.ends.drop(oldest)) this.#runs.splice(i, 1);
    }
    return this.#runs.length === 0;
  }

  #run(widthNs: number): Points {
    for (const run of this.#runs) if (run.widthNs === widthNs) return run.ends;
    const ends = new Points();
    this.#runs.push({ widthNs, ends });
    return ends;
  }
}

function classOf(lengthNs: number): number {
  return lengthNs === 0 ? 0 : Math.max(LEAST_WIDTH_NS, 2 ** Math.ceil(Math.log2(lengthNs)));
}
