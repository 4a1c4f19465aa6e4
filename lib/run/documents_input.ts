/** Files of telemetry lines, `-` being standard input, as the documents they hold. */
import { parseProbeEvent } from "../export/probe_event_json.ts";
import { readInput } from "../host/read_input.ts";
import { IoError, UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { type Documents, emptyDocuments, readDocuments } from "../source/documents.ts";
import { plural } from "../report/format.ts";

/**
 * Lines that are none of the documents we read are counted and told on stderr; a file cut short in its last line too.
 *
 * @throws UsageError without a path; IoError when a file cannot be read, holds a schema we do not know, or nothing usable at all
 */
export async function readDocumentFiles(paths: readonly string[], io: Pick<Io, "stdin" | "err">): Promise<Documents> {
  if (paths.length === 0) {
    throw new UsageError("Cannot begin: no input is named", "Give --input FILE; - is standard input");
  }
  const documents = emptyDocuments();
  for (const path of paths) {
    readDocuments(documents, await readInput(path, io.stdin), path === "-" ? "standard input" : path, parseProbeEvent);
  }
  const { probes, spans, slo, raw, faults, refused, firstRefusal } = documents;
  const where = paths.map((path) => path === "-" ? "standard input" : path).join(", ");
  if (probes.length + spans.length + slo.length + raw.length + faults.length === 0) {
    const state = firstRefusal === null ? "it is empty" : `nothing in it is a document we know (${firstRefusal})`;
    throw new IoError(
      `Cannot use "${where}": ${state}`,
      "Give lines of probe events, OTLP JSON, SLO events, raw samples or fault samples",
    );
  }
  if (refused > 0) io.err(`sloctl: ${plural(refused, "line")} refused, the first: ${firstRefusal}\n`);
  return documents;
}

/** @throws IoError when the last line was cut short: what was whole has been used, but the end is missing. */
export function refuseTruncated({ truncated, firstRefusal }: Documents): void {
  if (!truncated) return;
  throw new IoError(
    `Cannot vouch for the input: its last line is cut short (${firstRefusal})`,
    "Get the whole file; what was whole has been written",
  );
}
