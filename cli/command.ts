/** One declaration per command: parsing, help, completion and the README's table all read it. */
import type { Io } from "../lib/model/io.ts";

export interface Flag {
  /** Without the dashes. */
  readonly name: string;
  /** `duration` accepts 500ms, 20s, 5m, 1h and yields milliseconds; `list` is comma-separated and may repeat. */
  readonly type: "string" | "integer" | "number" | "boolean" | "duration" | "list";
  readonly help: string;
  /** Of a `list`: an item may hold commas, and only repeating the flag makes more of them. */
  readonly whole?: boolean;
  /** Shown in help: `--out FILE`. */
  readonly placeholder?: string;
  /** The only values allowed. */
  readonly values?: readonly string[];
  readonly default?: string | number | boolean;
  /** Accepted for scripts that already pass it, without effect yet: said once on stderr when it is used. */
  readonly pending?: boolean;
}

/** Kinds of permission a command may need: of Deno's, all but `import`. */
export type Permission = "read" | "write" | "net" | "run" | "ffi" | "env" | "sys";

export interface Example {
  readonly command: string;
  readonly text: string;
}

export interface Command {
  readonly name: string;
  /** One line, no full stop. */
  readonly summary: string;
  readonly description?: string;
  readonly examples: readonly Example[];
  readonly flags: readonly Flag[];
  readonly positionals?: { readonly name: string; readonly help: string; readonly min: number; readonly max: number };
  readonly subcommands?: readonly Command[];
  /** Not listed in help: for the program's own children. */
  readonly hidden?: boolean;
  /**
   * What it needs; everything else is given up before it reads input (cli/restrict.ts). `ffi` only for libbpf or the kernel's
   * clock; EVERYTHING for what looks into /proc or /sys. A test wants it on every command that runs.
   */
  readonly permissions?: readonly Permission[];
  /** Resolves to the exit code. Absent on a command that only groups subcommands. */
  readonly run?: (input: Input, io: Io) => Promise<number>;
}

/** What the caller typed, checked against the declaration. A getter for a flag that was not given yields its default, or undefined. */
export interface Input {
  readonly positionals: readonly string[];
  string(flag: string): string | undefined;
  /** integer, number and duration (milliseconds). */
  number(flag: string): number | undefined;
  boolean(flag: string): boolean;
  list(flag: string): readonly string[];
  /** True when the caller typed it. */
  given(flag: string): boolean;
}
