/** Where lines go that nobody may wait for: a file, a pipe, standard output. */
import { SloctlError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { dropPartialLine, openFile, writeError } from "./jsonl.ts";
import type { LineSink } from "./line_queue.ts";

/**
 * @param path A file, created if need be and appended to; `-` is standard output.
 * @throws IoError when the file cannot be opened; nothing was written then.
 */
export function openLineSink(path: string, io: Pick<Io, "outSoon">): LineSink {
  if (path === "-") return { write: (bytes) => io.outSoon(bytes), close: () => {} };
  const file = openFile(path, false);
  return {
    async write(bytes) {
      let done = 0;
      try {
        while (done < bytes.length) done += await file.write(bytes.subarray(done));
      } catch (error) {
        dropPartialLine(file, bytes, done);
        throw error instanceof SloctlError ? error : writeError(path, error);
      }
    },
    close: () => file.close(),
  };
}
