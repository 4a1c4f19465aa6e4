/** The world as a command sees it. Tests pass a fake one; cli/io.ts builds the real one. */
export interface Io {
  readonly env: (name: string) => string | undefined;
  readonly stdin: ReadableStream<Uint8Array>;
  /** Data, and nothing else. */
  readonly out: (text: string) => void;
  /** The same, as UTF-8, for who must not wait: resolves when the reader has it. One call after the other, and none to `out` meanwhile. */
  readonly outSoon: (text: Uint8Array) => Promise<void>;
  /** Talk: progress, warnings, errors. */
  readonly err: (text: string) => void;
  /** Standard output is a terminal and NO_COLOR is not set. */
  readonly color: boolean;
  /** Standard output is a terminal: a screen may be drawn on it. */
  readonly terminal: boolean;
  /** Standard error is a terminal: a progress line may be rewritten in place. */
  readonly progress: boolean;
  /** Width of the terminal in columns; 100 where there is none. */
  readonly columns: number;
  /** Its height in lines; 24 where there is none. */
  readonly lines: number;
  /** Aborted by SIGINT or SIGTERM. */
  readonly stop: AbortSignal;
}
