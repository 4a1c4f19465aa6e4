/** Documents to a file or standard output, one a line, so that a signal or a closed pipe ends it in order. */
import { type JsonlWriter, openJsonl } from "../export/jsonl.ts";
import { UsageError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";

/** Documents written between two looks at the world: signals are heard only then. */
const TURN = 512;

/**
 * `-` is standard output; a file starts anew. Deno opens no device for a program that has given up a right (cli/restrict.ts), so
 * the two that scripts name are known here. @throws IoError
 */
export function openLines(path: string, io: Pick<Io, "out">): JsonlWriter {
  if (path === "/dev/stdout") return openJsonl("-", io);
  if (path === "/dev/null") return openJsonl("-", { out: () => {} });
  return openJsonl(path, io, { truncate: true });
}

/**
 * Writes them all. `pace` may make a document wait for its time.
 *
 * @returns how many were written
 * @throws IoError when they cannot be written; the reason of `io.stop` when stopped before the end
 */
export async function writeLines<T>(
  path: string,
  documents: Iterable<T>,
  io: Pick<Io, "out" | "stop">,
  pace?: (document: T) => Promise<void>,
): Promise<number> {
  using writer = openLines(path, io);
  for (const document of documents) {
    if (pace !== undefined) await pace(document);
    else if (writer.lines % TURN === TURN - 1) await new Promise((resolve) => setTimeout(resolve, 0));
    io.stop.throwIfAborted();
    writer.write(document);
  }
  writer.close();
  io.stop.throwIfAborted(); // a reader that went away during the last line
  return writer.lines;
}

/** @throws UsageError unless it is 1 or more. */
export function checkCount(count: number): void {
  if (count >= 1) return;
  throw new UsageError(`Cannot write "${count}" documents: there must be at least one`, "Give --count 1 or more");
}
