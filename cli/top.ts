import { ASK_FLAGS, askTarget, JSON_FLAG } from "./ask_flags.ts";
import type { Command } from "./command.ts";

export const command: Command = {
  name: "top",
  summary: "a collector's objectives, worst requests, kernel signals and agents, live",
  description:
    "Fills the terminal, of which 80 columns and 24 lines are enough, until Ctrl-C. Where standard output is no terminal it looks once, as with --once.",
  examples: [
    { command: "sloctl top", text: "of the collector on this machine" },
    { command: "sloctl top --once --json", text: "one look, for a script" },
  ],
  flags: [
    { name: "once", type: "boolean", help: "one look, and end" },
    { name: "interval", type: "duration", default: 2000, placeholder: "D", help: "between two looks, 200ms or more" },
    ...ASK_FLAGS,
    JSON_FLAG,
  ],
  permissions: ["read", "net", "env"],
  run: async (input, io) => {
    const { UsageError } = await import("../lib/model/errors.ts");
    const everyMs = input.number("interval")!;
    if (everyMs < 200) {
      throw new UsageError(`Cannot look every "${everyMs} ms": that is too often`, "Give 200ms or more");
    }
    const { top } = await import("../lib/run/ask/top.ts");
    return await top({
      ...askTarget(input, io),
      once: input.boolean("once"),
      json: input.boolean("json"),
      everyMs,
    }, io);
  },
};
