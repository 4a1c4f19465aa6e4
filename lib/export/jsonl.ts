/** A file of JSON documents, one a line, only ever appended to. */
import { IoError, SloctlError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import { toJson } from "../model/json.ts";

export interface JsonlOptions {
  /** Bytes held back at most before they are written. Default 64 KiB; standard output never waits. */
  readonly bufferBytes?: number;
  /** Start anew when the file exists, instead of appending. */
  readonly truncate?: boolean;
}

/**
 * Every method throws IoError when the disk is full, the pipe closed or the like: once. The writer is then spent; later
 * lines are refused with the same error, and leaving the scope throws nothing more.
 */
export interface JsonlWriter extends Disposable {
  /** Lines taken so far. */
  readonly lines: number;
  /** bigint becomes a bare integer, NaN and the infinities become text. */
  write(document: unknown): void;
  /** A line that is JSON already, without its line feed. */
  writeLine(json: string): void;
  /** Hands everything held back to the system. */
  flush(): void;
  /** Flushes and closes; may be called twice. */
  close(): void;
}

/** Where the bytes go. `write` takes whole lines, all of them or none. */
interface Sink {
  write(text: string): void;
  close(): void;
}

/**
 * @param path A file, created if need be; `-` is standard output.
 * @throws IoError when the file cannot be opened; nothing was written then.
 */
export function openJsonl(path: string, io: Pick<Io, "out">, options: JsonlOptions = {}): JsonlWriter {
  const { bufferBytes = 64 * 1024, truncate = false } = options;
  const sink = path === "-" ? standardOutput(io) : fileSink(path, truncate);
  const limit = path === "-" ? 0 : bufferBytes;
  let held = "";
  let lines = 0;
  let closed = false;
  let failure: SloctlError | undefined;

  function flush(): void {
    if (failure !== undefined) throw failure;
    if (held === "") return;
    const text = held;
    held = "";
    try {
      sink.write(text);
    } catch (error) {
      failure = error instanceof SloctlError ? error : writeError(path, error);
      throw failure;
    }
  }

  function writeLine(json: string): void {
    if (failure !== undefined) throw failure;
    if (closed) throw new TypeError(`Cannot write "${path}": the writer is closed`);
    held += json + "\n";
    lines++;
    if (held.length >= limit) flush();
  }

  function close(): void {
    if (closed) return;
    closed = true;
    try {
      if (failure === undefined) flush();
    } finally {
      sink.close();
    }
  }

  return {
    get lines() {
      return lines;
    },
    write: (document) => writeLine(toJson(document)),
    writeLine,
    flush,
    close,
    [Symbol.dispose]: close,
  };
}

function standardOutput(io: Pick<Io, "out">): Sink {
  return { write: (text) => io.out(text), close: () => {} };
}

/** @throws IoError */
export function openFile(path: string, truncate: boolean): Deno.FsFile {
  try {
    return Deno.openSync(path, { create: true, write: true, append: !truncate, truncate });
  } catch (error) {
    throw new IoError(
      `Cannot open "${path}": ${stateOf(error)}`,
      "Choose a path in an existing folder you may write to",
    );
  }
}

function fileSink(path: string, truncate: boolean): Sink {
  const file = openFile(path, truncate);
  const encoder = new TextEncoder();
  return {
    write(text) {
      const bytes = encoder.encode(text);
      let done = 0;
      try {
        while (done < bytes.length) done += file.writeSync(bytes.subarray(done));
      } catch (error) {
        dropPartialLine(file, bytes, done);
        throw error;
      }
    },
    close: () => file.close(),
  };
}

/** A disk that fills up does so in the middle of a line: what a reader finds must still be whole lines. */
export function dropPartialLine(file: Deno.FsFile, bytes: Uint8Array, done: number): void {
  const wholeLines = bytes.subarray(0, done).lastIndexOf(0x0a) + 1;
  try {
    const { isFile, size } = file.statSync();
    if (isFile && done > wholeLines) file.truncateSync(size - (done - wholeLines));
  } catch {
    // Nothing can be taken back from it; the error that led here is the one to tell.
  }
}

export function writeError(path: string, error: unknown): IoError {
  return new IoError(`Cannot write "${path}": ${stateOf(error)}`, "Make room or choose another path");
}

function stateOf(error: unknown): string {
  if (error instanceof Deno.errors.BrokenPipe) return "the reader closed the pipe";
  if (error instanceof Deno.errors.NotFound) return "the folder does not exist";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.NotCapable) return "it is a device or a pipe, or writing was given up";
  const text = error instanceof Error ? error.message : String(error);
  return text.includes("os error 28") ? "the disk is full" : text;
}
