/** What a shell completes, from the declarations: one entry for the program and each command and verb. Pure. */
import type { Command, Flag } from "./command.ts";

/** How the value of a flag, or a positional, is completed. */
export type Completes =
  | { readonly kind: "values"; readonly values: readonly string[]; readonly list: boolean }
  | { readonly kind: "file" | "directory" | "text" };

export interface CompletionFlag {
  readonly name: string;
  readonly help: string;
  /** Null for a flag without a value. */
  readonly value: Completes | null;
}

export interface CompletionEntry {
  /** `sloctl lab up`: what was typed so far. */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly help: string }[];
  readonly flags: readonly CompletionFlag[];
  /** Null where it takes none. */
  readonly positional: Completes | null;
}

/** Every place of the command line, the program first. What is hidden, and flags without effect, are not offered. */
export function completionEntries(program: Command, path = program.name): CompletionEntry[] {
  const subcommands = (program.subcommands ?? []).filter((sub) => sub.hidden !== true);
  const entry: CompletionEntry = {
    path,
    subcommands: subcommands.map(({ name, summary }) => ({ name, help: summary })),
    flags: [
      ...program.flags.filter((flag) => flag.pending !== true).map(flagOf),
      { name: "help", help: "show help", value: null },
    ],
    positional: program.positionals === undefined ? null : byPlaceholder(program.positionals.name),
  };
  return [entry, ...subcommands.flatMap((sub) => completionEntries(sub, `${path} ${sub.name}`))];
}

function flagOf(flag: Flag): CompletionFlag {
  return { name: flag.name, help: flag.help, value: valueOf(flag) };
}

function valueOf({ type, values, placeholder }: Flag): Completes | null {
  if (type === "boolean") return null;
  if (values !== undefined) return { kind: "values", values, list: type === "list" };
  return byPlaceholder(placeholder ?? "");
}

function byPlaceholder(placeholder: string): Completes {
  if (/\bFILE\b/.test(placeholder)) return { kind: "file" };
  return /\bDIR\b/.test(placeholder) ? { kind: "directory" } : { kind: "text" };
}
