/** A trace as a plan: spread, cropped, scaled, clipped; and everything that was done to it. Pure. */
import type { Arrival } from "../arrival.ts";
import type { Trace } from "./read.ts";
import type { TraceRow } from "./row.ts";
import { isTicked, mostSimultaneous, type Spread, spreadOffsets } from "./spread.ts";

export interface ReplayOptions {
  /** Undefined: uniform for a file whose clock ticks, none for others. */
  readonly spread: Spread | undefined;
  readonly seed: number;
  /** 2 is twice as fast. */
  readonly timeScale: number;
  /** Trace time left out at the beginning, s. */
  readonly skipS: number;
  /** Length of the replay, s; Infinity: all of it. */
  readonly seconds: number;
  /** Longest question and answer, tokens; Infinity: as they are. */
  readonly mostIn: number;
  readonly mostOut: number;
}

/** What the replay is not that the file is. */
export interface Distortion {
  readonly format: Trace["format"];
  readonly sha256: string;
  readonly rows: number;
  readonly replayed: number;
  readonly ticked: boolean;
  readonly spread: Spread;
  readonly spread_seed: number | null;
  readonly time_scale: number;
  readonly crop: { readonly skip_s: number; readonly seconds: number | null };
  /** Rows left out, by reason. */
  readonly left_out: Readonly<Record<"before_crop" | "after_crop" | "no_length", number>>;
  /** Rows whose length was cut. */
  readonly clipped: { readonly input: number; readonly output: number };
  /** Rows on one stamp at most: in the file, and as replayed. */
  readonly most_simultaneous: { readonly before: number; readonly after: number };
  /** Blocks of prefixes in the replayed rows, and the share of them that an earlier one had; null where the file has none. */
  readonly blocks: { readonly total: number; readonly seen_before: number; readonly reuse: number } | null;
  /** Rows whose blocks do not add up to their length; filled up with words of their own. */
  readonly blocks_misfit: number;
}

export interface Replay {
  readonly arrivals: readonly Arrival[];
  readonly distortion: Distortion;
}

const BLOCK_TOKENS = 512;

export function replay(trace: Trace, options: ReplayOptions): Replay {
  const { rows } = trace;
  const ticked = trace.format === "mooncake" || isTicked(rows);
  const spread = options.spread ?? (ticked ? "uniform" : "none");
  const used = ticked ? spread : "none";
  const offsets = spreadOffsets(rows, used, options.seed);
  const left = { before_crop: 0, after_crop: 0, no_length: 0 };
  const clipped = { input: 0, output: 0 };
  const skipNs = options.skipS * 1e9;
  const kept: [TraceRow, Arrival][] = [];
  rows.forEach((row, i) => {
    const offset = offsets[i]! - skipNs;
    const g_ns = Math.floor(offset / options.timeScale);
    if (offset < 0) left.before_crop++;
    else if (g_ns >= options.seconds * 1e9) left.after_crop++;
    else if (row.nIn === 0 || row.nOut === 0) left.no_length++;
    else {
      if (row.nIn > options.mostIn) clipped.input++;
      if (row.nOut > options.mostOut) clipped.output++;
      kept.push([row, {
        id: kept.length,
        g_ns,
        n_in: Math.min(row.nIn, options.mostIn),
        n_out: Math.min(row.nOut, options.mostOut),
        ...(row.blocks !== undefined && { blocks: row.blocks }),
      }]);
    }
  });
  return {
    arrivals: kept.map(([, arrival]) => arrival),
    distortion: {
      format: trace.format,
      sha256: trace.sha256,
      rows: rows.length,
      replayed: kept.length,
      ticked,
      spread: used,
      spread_seed: used === "uniform" ? options.seed : null,
      time_scale: options.timeScale,
      crop: { skip_s: options.skipS, seconds: Number.isFinite(options.seconds) ? options.seconds : null },
      left_out: left,
      clipped,
      most_simultaneous: {
        before: mostSimultaneous(rows.map((row) => row.offsetNs)),
        after: mostSimultaneous(kept.map(([, arrival]) => arrival.g_ns!)),
      },
      blocks: reuse(kept.map(([row]) => row)),
      blocks_misfit:
        kept.filter(([{ blocks, nIn }]) => blocks !== undefined && blocks.length !== Math.ceil(nIn / BLOCK_TOKENS))
          .length,
    },
  };
}

function reuse(rows: readonly TraceRow[]): Distortion["blocks"] {
  const seen = new Set<number>();
  let [total, before] = [0, 0];
  for (const { blocks = [] } of rows) {
    for (const id of blocks) {
      total++;
      if (seen.has(id)) before++;
      else seen.add(id);
    }
  }
  return total === 0 ? null : { total, seen_before: before, reuse: before / total };
}
