/** The program itself as a command: the root that its commands hang from. */
import type { Command } from "./command.ts";

export function program(commands: readonly Command[]): Command {
  return {
    name: "sloctl",
    summary: "names the cause of slow LLM requests, from the kernel",
    examples: [],
    flags: [{ name: "version", type: "boolean", help: "print the version" }],
    subcommands: commands,
  };
}
