/** Moments in the order of time, each with an id. They come in nearly that order; the oldest ids go again. */

/** A dead front is let go when it is this long and most of all. */
const COMPACT_FROM = 64;

export class Points {
  readonly times: number[] = [];
  readonly ids: number[] = [];
  /** What stands before it is dead. */
  from = 0;

  add(timeNs: number, id: number): void {
    const { times, ids } = this;
    const last = times.length - 1;
    if (last < this.from || times[last]! <= timeNs) {
      times.push(timeNs);
      ids.push(id);
      return;
    }
    const at = this.firstFrom(timeNs);
    times.splice(at, 0, timeNs);
    ids.splice(at, 0, id);
  }

  /** Index of the first at `timeNs` or later. */
  firstFrom(timeNs: number): number {
    const { times } = this;
    let low = this.from;
    let high = times.length;
    if (high > low && times[high - 1]! < timeNs) return high; // what is asked about is mostly the newest
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (times[middle]! < timeNs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Lets go of ids below `oldest` at the front; true when nothing is left. */
  drop(oldest: number): boolean {
    const { ids } = this;
    let from = this.from;
    while (from < ids.length && ids[from]! < oldest) from++;
    this.from = from;
    if (from === ids.length) return true;
    if (from >= COMPACT_FROM && from * 2 > ids.length) {
      this.times.splice(0, from);
      ids.splice(0, from);
      this.from = 0;
    }
    return false;
  }
}
