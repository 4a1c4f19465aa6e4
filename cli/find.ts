/** argv -> the command meant, and the words that belong to it. Pure. */
import { UsageError } from "../lib/model/errors.ts";
import type { Command } from "./command.ts";
import { nearest } from "../lib/model/nearest.ts";

export interface Found {
  readonly command: Command;
  /** What the caller typed to get here: "sloctl lab up". */
  readonly name: string;
  /** Flags and positionals, still unchecked. */
  readonly rest: readonly string[];
}

/** Walks down from the program through groups and verbs. Throws UsageError for a word that names neither. */
export function findCommand(program: Command, argv: readonly string[]): Found {
  let command = program;
  let name = program.name;
  let i = 0;
  while (command.subcommands !== undefined) {
    const word = argv[i];
    if (word === undefined || word.startsWith("-")) break;
    const next = command.subcommands.find((candidate) => candidate.name === word);
    if (next === undefined) {
      if (command.run !== undefined) break;
      throw unknownCommand(word, name, command);
    }
    command = next;
    name = `${name} ${word}`;
    i++;
  }
  return { command, name, rest: argv.slice(i) };
}

/** Names of the subcommands a person may see. */
export function visibleNames(command: Command): string[] {
  return (command.subcommands ?? []).filter((sub) => sub.hidden !== true).map((sub) => sub.name);
}

function unknownCommand(word: string, name: string, command: Command): UsageError {
  const meant = nearest(word, visibleNames(command));
  return new UsageError(
    `Cannot run "${name} ${word}": ${name} has no such command`,
    meant === undefined
      ? `See "${name} --help"`
      : `Use "${name} ${meant}" if that is what you meant, or see "${name} --help"`,
  );
}
