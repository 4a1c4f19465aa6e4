/** A world for tests: what a command wrote is kept, nothing real is touched. */
import type { Io } from "../model/io.ts";

export interface FakeIo extends Io {
  /** Everything written to standard output so far. */
  readonly stdout: string;
  /** Everything written to standard error so far. */
  readonly stderr: string;
  /** What a signal does. */
  abort(reason?: unknown): void;
}

export interface FakeIoOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly columns?: number;
  readonly lines?: number;
  readonly terminal?: boolean;
}

export function fakeIo(
  { env = {}, stdin = "", columns = 100, lines = 24, terminal = false }: FakeIoOptions = {},
): FakeIo {
  const controller = new AbortController();
  let stdout = "";
  let stderr = "";
  return {
    env: (name) => env[name],
    stdin: ReadableStream.from([new TextEncoder().encode(stdin)]),
    out: (text) => {
      stdout += text;
    },
    outSoon: (text) => {
      stdout += new TextDecoder().decode(text);
      return Promise.resolve();
    },
    err: (text) => {
      stderr += text;
    },
    color: false,
    terminal,
    progress: false,
    columns,
    lines,
    stop: controller.signal,
    abort: (reason) => controller.abort(reason),
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
  };
}
