/** argv in, exit code out: find the command, parse, run it, and tell a person what went wrong. */
import project from "../deno.json" with { type: "json" };
import { EXIT, SloctlError, UsageError } from "../lib/model/errors.ts";
import type { Io } from "../lib/model/io.ts";
import type { Command, Permission } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import type { Failure } from "./failures.ts";
import { findCommand, type Found, visibleNames } from "./find.ts";
import { helpText } from "./help.ts";
import { parse, wantsHelp } from "./parse.ts";
import { program } from "./program.ts";
import { Stopped } from "./stopped.ts";

/** What main may do to the process it runs in. Tests leave it out. */
export interface Host {
  /** Gives up every permission but these, for good. */
  readonly restrict: (needed: readonly Permission[]) => void;
  /** Told of every run that failed, after its message was shown. */
  readonly failed: (failure: Failure) => void;
}

const NO_HOST: Host = { restrict: () => {}, failed: () => {} };

/** Runs one command line. Never throws; what it resolves to is the exit code of the process (docs/exit-codes.md). */
export async function main(argv: readonly string[], io: Io, commands = COMMANDS, host = NO_HOST): Promise<number> {
  try {
    return await dispatch(argv, io, program(commands), host);
  } catch (error) {
    const exitCode = report(error, io);
    if (!(error instanceof Stopped)) host.failed({ exitCode, command: argv[0] ?? "", error });
    return exitCode;
  }
}

async function dispatch(argv: readonly string[], io: Io, root: Command, host: Host): Promise<number> {
  if (argv.length === 0) {
    io.err(helpText({ command: root, name: root.name }, io.columns));
    return EXIT.usage;
  }
  const words = argv[0] === "help" ? [...argv.slice(1), "--help"] : argv;
  const found = findCommand(root, words);
  if (wantsHelp(found.rest)) {
    io.out(helpText(found, io.columns));
    return EXIT.ok;
  }
  const { input, pending } = parse(found.command, found.name, found.rest);
  for (const flag of pending) io.err(`sloctl: --${flag} is accepted but has no effect yet\n`);
  if (found.command === root && input.boolean("version")) {
    io.out(`sloctl ${project.version}\n`);
    return EXIT.ok;
  }
  if (found.command.run === undefined) throw incomplete(found);
  if (found.command.permissions !== undefined) host.restrict(found.command.permissions);
  return await found.command.run(input, io);
}

function incomplete({ command, name }: Found): UsageError {
  const names = visibleNames(command);
  return new UsageError(`Cannot run "${name}": it needs one of its verbs`, `Use one of: ${names.join(", ")}`);
}

function report(error: unknown, io: Io): number {
  if (error instanceof Stopped) return error.exitCode;
  if (error instanceof SloctlError) {
    io.err(`sloctl: ${error.message}\n`);
    if (error.hint !== undefined) io.err(`  hint: ${error.hint}\n`);
    return error.exitCode;
  }
  io.err(bugReport(error));
  return EXIT.bug;
}

/** What a person sees when something failed that we did not foresee. */
export function bugReport(error: unknown): string {
  const stack = error instanceof Error ? error.stack ?? String(error) : String(error);
  return `${stack}\nsloctl: this is a bug\n  hint: Report it with the lines above and the command you ran\n`;
}
