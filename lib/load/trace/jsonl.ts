/** Traces of one JSON object a line: Mooncake's, and what `sloctl loadgen` itself writes. Pure. */
import { lengthOf, RowError, show, type TraceRow } from "./row.ts";

/** Mooncake (FAST 2025): `timestamp` in ms from the start, lengths, and ids of blocks of 512 tokens. */
export function mooncakeRow(text: string, line: number): TraceRow {
  const row = objectOf(text);
  const ms = row.timestamp;
  if (typeof ms !== "number" || !Number.isSafeInteger(ms)) {
    throw new RowError(`timestamp is ${show(ms)}, no whole number`);
  }
  if (ms < 0) throw new RowError(`timestamp is ${ms}, which is negative`);
  const blocks = row.hash_ids;
  if (blocks !== undefined && !(Array.isArray(blocks) && blocks.every((id) => Number.isSafeInteger(id) && id >= 0))) {
    throw new RowError(`hash_ids is ${show(blocks)}, no list of whole numbers`);
  }
  return {
    line,
    offsetNs: ms * 1e6,
    nIn: lengthOf(row.input_length, "input_length"),
    nOut: lengthOf(row.output_length, "output_length"),
    ...(blocks !== undefined && { blocks: blocks as number[] }),
  };
}

/** schedule.jsonl counts from the start of its run and is replayed as it stands; requests.jsonl counts from its first row. */
export function ownReader(): (text: string, line: number) => TraceRow {
  let base: number | undefined;
  return (text, line) => {
    const row = objectOf(text);
    const g = row.g_ns;
    if (g === null) throw new RowError("g_ns is null: a closed loop has no times to replay");
    if (typeof g !== "number" || !Number.isSafeInteger(g)) throw new RowError(`g_ns is ${show(g)}, no whole number`);
    if (g < 0) throw new RowError(`g_ns is ${g}, which is negative`);
    base ??= "outcome" in row ? g : 0;
    return { line, offsetNs: g - base, nIn: lengthOf(row.n_in, "n_in"), nOut: lengthOf(row.n_out, "n_out") };
  };
}

function objectOf(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new RowError("it is no JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new RowError("it is no JSON object");
  return value as Record<string, unknown>;
}
