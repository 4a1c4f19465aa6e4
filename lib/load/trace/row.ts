/** A row of a recorded trace, whatever file it came from. */

export interface TraceRow {
  /** Line of the file, from 1. */
  readonly line: number;
  /** After the first row, or as the file counts; integer. */
  readonly offsetNs: number;
  readonly nIn: number;
  readonly nOut: number;
  /** Ids of blocks of 512 tokens; rows that begin with equal ids share a prefix. */
  readonly blocks?: readonly number[];
}

/** What is wrong with one line; who reads the file adds its name and the line's number. */
export class RowError extends Error {}

/** A length in tokens. @throws RowError */
export function lengthOf(value: unknown, name: string): number {
  const n = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof n !== "number" || !Number.isSafeInteger(n)) {
    throw new RowError(`${name} is ${show(value)}, no whole number`);
  }
  if (n < 0) throw new RowError(`${name} is ${n}, which is negative`);
  return n;
}

export function show(value: unknown): string {
  return value === undefined ? "missing" : (JSON.stringify(value) ?? String(value)).slice(0, 60);
}
