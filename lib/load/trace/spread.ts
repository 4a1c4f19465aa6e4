/**
 * Rows that share a stamp because the clock that wrote them ticks slowly, spread over the tick: replayed as they stand they would be
 * a square wave. Keyed by the tick's stamp, so that leaving other ticks out changes nothing. Pure.
 */
import { random } from "../../stats/random.ts";
import type { TraceRow } from "./row.ts";

export type Spread = "uniform" | "even" | "none";

/** The last tick has no next one to end it. */
const LAST_TICK_NS = 3000e6;
/** A file is ticked when at least this share of its rows shares a stamp with another. */
const TICKED_SHARE = 0.5;

/** Whether the stamps look like those of a slow clock. */
export function isTicked(rows: readonly TraceRow[]): boolean {
  const sharing = ticks(rows).reduce((sum, tick) => sum + (tick.length > 1 ? tick.length : 0), 0);
  return rows.length > 0 && sharing / rows.length >= TICKED_SHARE;
}

/** Most rows on one stamp. */
export function mostSimultaneous(offsets: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const offset of offsets) counts.set(offset, (counts.get(offset) ?? 0) + 1);
  return [...counts.values()].reduce((most, n) => Math.max(most, n), 0);
}

/** Offsets in ns, in the order of the rows; none leaves its tick. */
export function spreadOffsets(rows: readonly TraceRow[], mode: Spread, seed: number): number[] {
  if (mode === "none") return rows.map((row) => row.offsetNs);
  const all = ticks(rows);
  return all.flatMap((tick, i) => {
    const from = tick[0]!.offsetNs;
    const length = (all[i + 1]?.[0]?.offsetNs ?? from + LAST_TICK_NS) - from;
    return shares(tick.length, mode, `${seed}/spread/${from}`).map((share) => from + Math.floor(share * length));
  });
}

/** Where in the tick, 0 to 1, ascending. */
function shares(m: number, mode: "uniform" | "even", key: string): number[] {
  if (mode === "even") return Array.from({ length: m }, (_, i) => (i + 0.5) / m);
  const stream = random(key);
  return Array.from({ length: m }, () => stream.float()).sort((a, b) => a - b);
}

/** Rows by stamp, in order. */
function ticks(rows: readonly TraceRow[]): TraceRow[][] {
  const found: TraceRow[][] = [];
  for (const row of rows) {
    const last = found[found.length - 1];
    if (last !== undefined && last[0]!.offsetNs === row.offsetNs) last.push(row);
    else found.push([row]);
  }
  return found;
}
