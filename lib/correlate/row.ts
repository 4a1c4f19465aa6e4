/**
 * What one side of a join has under one key. Most keys (a trace) have a few: they are a chain through the ring that holds them, which
 * allocates nothing. Where there are many (a busy process) an index by time stands beside the chain, brought up to date when it is asked:
 * what comes and what goes touches the chain alone. What goes is always the oldest, and so the first of its chain.
 */
import { Intervals } from "./intervals.ts";
import { Points } from "./points.ts";

/** From here on looking them up by time costs less than looking at each. */
const FEW = 24;

/** Times of all that is held, by place: `id & mask`. */
export interface Times {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  readonly mask: number;
}

/** By place: the id that came next under the same key; -1: none. */
export type Links = Float64Array;

export class Row<IndexT> {
  first = -1;
  last = -1;
  count = 0;
  /** The first that is not in the index yet; -1: none. */
  pending = -1;
  index: IndexT | null = null;
}

export type SpanRow = Row<Intervals>;
export type SignalRow = Row<Points>;

/** Ids come in rising order. */
export function append(row: SpanRow | SignalRow, id: number, mask: number, links: Links): void {
  links[id & mask] = -1;
  if (row.first === -1) row.first = id;
  else links[row.last & mask] = id;
  if (row.pending === -1) row.pending = id;
  row.last = id;
  row.count++;
}

/** Lets go of the first; true when nothing is left. */
export function shift(row: SpanRow | SignalRow, mask: number, links: Links): boolean {
  const gone = row.first;
  row.first = links[gone & mask]!;
  if (row.pending === gone) row.pending = row.first;
  row.count--;
  return row.first === -1;
}

/** Appends to `out` the ids of what has a moment in common with the window, bounds included; `most` at most. */
export function near(
  row: SpanRow,
  fromNs: number,
  toNs: number,
  { starts, ends, mask }: Times,
  links: Links,
  out: number[],
  most = Infinity,
): void {
  if (row.count <= FEW && row.index === null) {
    for (let id = row.first; id !== -1; id = links[id & mask]!) {
      const place = id & mask;
      if (starts[place]! <= toNs && ends[place]! >= fromNs && out.push(id) >= most) return;
    }
    return;
  }
  const index = row.index ??= new Intervals();
  if (row.pending !== -1) {
    index.drop(row.first);
    for (let id = row.pending; id !== -1; id = links[id & mask]!) index.add(starts[id & mask]!, ends[id & mask]!, id);
    row.pending = -1;
  }
  index.near(fromNs, toNs, row.first, { starts, mask }, out, most);
}

/** The index of a row, up to date; null where there are few. @param isSettled of no use to anybody in this row */
export function indexOf(
  row: SignalRow,
  { starts, mask }: Times,
  links: Links,
  isSettled: (id: number) => boolean,
): Points | null {
  if (row.count <= FEW && row.index === null) return null;
  const index = row.index ??= new Points();
  index.drop(row.first);
  for (let id = row.pending; id !== -1; id = links[id & mask]!) if (!isSettled(id)) index.add(starts[id & mask]!, id);
  row.pending = -1;
  return index;
}
