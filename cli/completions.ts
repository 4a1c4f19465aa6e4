import type { Io } from "../lib/model/io.ts";
import type { Command } from "./command.ts";
import type { CompletionEntry } from "./completion.ts";

type Write = (entries: readonly CompletionEntry[]) => string;

function shell(name: string, load: string, write: () => Promise<Write>): Command {
  return {
    name,
    summary: `the script for ${name}`,
    examples: [{ command: load, text: "in this shell; in its start-up file for every shell" }],
    flags: [],
    permissions: [],
    run: async (_input, io: Io) => {
      const { completionEntries } = await import("./completion.ts");
      const { program } = await import("./program.ts");
      const { COMMANDS } = await import("./commands.ts");
      io.out((await write())(completionEntries(program(COMMANDS))));
      return 0;
    },
  };
}

export const command: Command = {
  name: "completions",
  summary: "a script that completes commands, flags and values with Tab",
  examples: [{ command: "source <(sloctl completions bash)", text: "sloctl ag<Tab> completes to sloctl agent" }],
  flags: [],
  subcommands: [
    shell(
      "bash",
      "source <(sloctl completions bash)",
      async () => (await import("./completion_bash.ts")).bashCompletion,
    ),
    shell("zsh", "source <(sloctl completions zsh)", async () => (await import("./completion_zsh.ts")).zshCompletion),
    shell(
      "fish",
      "sloctl completions fish | source",
      async () => (await import("./completion_fish.ts")).fishCompletion,
    ),
  ],
};
