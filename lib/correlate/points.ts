/** Moments in the order of time, each with an id. They come in nearly that order; the oldest ids go again. */

const LEAST_ROOM = 32;

export class Points {
  /** What stands before `from`, or from `to` on, is dead. */
  times = new Float64Array(LEAST_ROOM);
  ids = new Float64Array(LEAST_ROOM);
  from = 0;
  to = 0;

  add(timeNs: number, id: number): void {
    if (this.to === this.times.length) this.#makeRoom();
    const { times, ids, to } = this;
    let at = to;
    if (to > this.from && times[to - 1]! > timeNs) {
      at = this.firstFrom(timeNs);
      times.copyWithin(at + 1, at, to);
      ids.copyWithin(at + 1, at, to);
    }
    times[at] = timeNs;
    ids[at] = id;
    this.to++;
  }

  /** Index of the first at `timeNs` or later. */
  firstFrom(timeNs: number): number {
    const { times } = this;
    let low = this.from;
    let high = this.to;
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
    const { ids, to } = this;
    let from = this.from;
    while (from < to && ids[from]! < oldest) from++;
    this.from = from;
    return from === to;
  }

  /** Lets go of all ids for which it holds. */
  sift(isGone: (id: number) => boolean): void {
    const { times, ids, to } = this;
    let kept = this.from;
    for (let i = this.from; i < to; i++) {
      if (isGone(ids[i]!)) continue;
      times[kept] = times[i]!;
      ids[kept++] = ids[i]!;
    }
    this.to = kept;
  }

  /** What is alive moves to the front; where it fills half of the room or more, the room doubles. */
  #makeRoom(): void {
    const { times, ids, from, to } = this;
    if (2 * (to - from) >= times.length) {
      this.times = new Float64Array(2 * times.length);
      this.ids = new Float64Array(2 * times.length);
    }
    this.times.set(times.subarray(from, to));
    this.ids.set(ids.subarray(from, to));
    this.to = to - from;
    this.from = 0;
  }
}
