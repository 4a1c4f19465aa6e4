/** The real Io of a process: its streams, its terminal, its signals. */
import { IoError } from "../lib/model/errors.ts";
import type { Io } from "../lib/model/io.ts";
import { Stopped } from "./stopped.ts";

const DEFAULT_SIZE = { columns: 100, rows: 24 };
/** How long to wait before asking a full, non-blocking pipe again. */
const FULL_PIPE_WAIT_MS = 2;

/**
 * `exit` ends the process at once; it is used only for a second signal, when the orderly end takes too long for the caller.
 * Signals are caught from the first look at `stop`: a command that never looks dies of them, as any program does.
 */
export function processIo(exit: (code: number) => never): Io {
  const stop = new AbortController();
  const encoder = new TextEncoder();
  let closed = false;
  let listening = false;
  const outputFailed = (error: unknown) => {
    if (!(error instanceof Deno.errors.BrokenPipe)) {
      throw new IoError(`Cannot write "standard output": ${error instanceof Error ? error.message : error}`);
    }
    // The reader (`| head`) had enough. The command is asked to stop; what it still writes goes nowhere.
    closed = true;
    stop.abort(new Stopped("closed output"));
  };
  return {
    env: (name) => Deno.env.get(name),
    get stdin() {
      return Deno.stdin.readable;
    },
    out(text) {
      if (closed) return;
      try {
        writeAll(Deno.stdout, encoder.encode(text));
      } catch (error) {
        outputFailed(error);
      }
    },
    async outSoon(text) {
      if (closed) return;
      try {
        await writeAllSoon(Deno.stdout, text);
      } catch (error) {
        outputFailed(error);
      }
    },
    err(text) {
      try {
        writeAll(Deno.stderr, encoder.encode(text));
      } catch {
        // Nobody is left to talk to.
      }
    },
    color: Deno.stdout.isTerminal() && !Deno.noColor,
    terminal: Deno.stdout.isTerminal(),
    progress: Deno.stderr.isTerminal(),
    get columns() {
      return terminalSize().columns || DEFAULT_SIZE.columns;
    },
    get lines() {
      return terminalSize().rows || DEFAULT_SIZE.rows;
    },
    get stop() {
      if (!listening) listenForSignals(stop, exit);
      listening = true;
      return stop.signal;
    },
  };
}

/** Writes every byte, or throws. A full pipe in non-blocking mode is waited for. */
export function writeAll(sink: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += sink.writeSync(bytes.subarray(done));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}

/** As writeAll, while everything else goes on. */
export async function writeAllSoon(
  sink: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    try {
      done += await sink.write(bytes.subarray(done));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      await new Promise((resolve) => setTimeout(resolve, FULL_PIPE_WAIT_MS));
    }
  }
}

function listenForSignals(stop: AbortController, exit: (code: number) => never): void {
  let first = true;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      if (!first) exit(new Stopped("SIGINT").exitCode);
      first = false;
      stop.abort(new Stopped(name));
    });
  }
}

/** Help and tables follow the terminal a person looks at; it may have been resized since the start. */
function terminalSize(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return DEFAULT_SIZE;
  }
}
