/** A trace file, read as a stream, line by line: which format it is, its rows, and the digest of its bytes. */
import { createHash } from "node:crypto";
import { IoError } from "../../model/errors.ts";
import { MOST_ARRIVALS } from "../schedule.ts";
import { AZURE_HEADER, azureReader } from "./azure.ts";
import { mooncakeRow, ownReader } from "./jsonl.ts";
import { RowError, type TraceRow } from "./row.ts";

export type TraceFormat = "azure" | "mooncake" | "sloctl";

export interface Trace {
  readonly format: TraceFormat;
  readonly rows: readonly TraceRow[];
  readonly sha256: string;
}

const MOST_LINE = 1 << 20;

/**
 * Lines end in LF or CRLF, with or without one at the end; empty lines are skipped.
 *
 * @param name for messages
 * @throws IoError naming the line: unknown header, a row that is none, a negative length, time that runs backwards
 */
export async function readTrace(stream: AsyncIterable<Uint8Array>, name: string): Promise<Trace> {
  const digest = createHash("sha256");
  const rows: TraceRow[] = [];
  let line = 0;
  let format: TraceFormat | undefined;
  let row: ((text: string, line: number) => TraceRow) | undefined;
  const refuse = (why: string, hint = "Mend that line, or cut the file before it") =>
    new IoError(`Cannot read trace "${name}": line ${line}: ${why}`, hint);
  for await (const text of lines(stream, digest, name)) {
    line++;
    if (text.trim() === "") continue;
    if (row === undefined) {
      const found = formatOf(text);
      if (found === null) throw refuse(`"${text.slice(0, 60)}" is no header or row we know`, KNOWN);
      format = found;
      row = found === "azure" ? azureReader() : found === "mooncake" ? mooncakeRow : ownReader();
      if (found === "azure") continue;
    }
    try {
      const next = row(text, line);
      const before = rows[rows.length - 1];
      if (before !== undefined && next.offsetNs < before.offsetNs) {
        throw new RowError(`time runs backwards, by ${(before.offsetNs - next.offsetNs) / 1e9} s`);
      }
      if (rows.length >= MOST_ARRIVALS) throw new RowError(`there are more than ${MOST_ARRIVALS} rows`);
      rows.push(next);
    } catch (error) {
      if (error instanceof RowError) throw refuse(error.message);
      throw error;
    }
  }
  if (format === undefined || rows.length === 0) {
    throw new IoError(`Cannot read trace "${name}": it holds no rows`, KNOWN);
  }
  return { format, rows, sha256: digest.digest("hex") };
}

const KNOWN =
  `Give a CSV with header ${AZURE_HEADER}, Mooncake's JSONL (timestamp, input_length, output_length), or a schedule.jsonl`;

function formatOf(text: string): TraceFormat | null {
  if (text.replace(/^\ufeff/, "").trim() === AZURE_HEADER) return "azure";
  try {
    const row = JSON.parse(text.replace(/^\ufeff/, ""));
    if (row.timestamp !== undefined && row.input_length !== undefined && row.output_length !== undefined) {
      return "mooncake";
    }
    return row.g_ns !== undefined ? "sloctl" : null;
  } catch {
    return null;
  }
}

async function* lines(
  stream: AsyncIterable<Uint8Array>,
  digest: { update(bytes: Uint8Array): unknown },
  name: string,
): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (bytes?: Uint8Array) => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw new IoError(`Cannot read trace "${name}": it is not UTF-8 text`, "Check that this is the file you meant");
    }
  };
  let rest = "";
  for await (const bytes of stream) {
    digest.update(bytes);
    const parts = (rest + decode(bytes)).split("\n");
    rest = parts.pop()!;
    if (rest.length > MOST_LINE) {
      throw new IoError(`Cannot read trace "${name}": a line is longer than ${MOST_LINE} characters`, KNOWN);
    }
    for (const part of parts) yield part.endsWith("\r") ? part.slice(0, -1) : part;
  }
  rest += decode();
  if (rest !== "") yield rest.endsWith("\r") ? rest.slice(0, -1) : rest;
}
