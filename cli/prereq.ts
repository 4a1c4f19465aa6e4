import type { Command } from "./command.ts";
import { EVERYTHING } from "./restrict.ts";

const check: Command = {
  name: "check",
  summary: "look at kernel, rights, hooks, control groups, clocks and tools",
  description:
    "Every hook is really tried: each program of each probe is loaded and attached for a moment, and records nothing. What is " +
    "not there is shown with what it costs and how to get it. Exit code 0; with --strict 3 when something is missing.",
  examples: [
    { command: "sudo sloctl prereq check", text: "for a person" },
    { command: "sudo sloctl prereq check --strict --output json", text: "for an installer" },
  ],
  flags: [
    { name: "output", type: "string", values: ["text", "json"], default: "text", help: "for people or for scripts" },
    { name: "json", type: "boolean", help: "the same as --output json" },
    { name: "strict", type: "boolean", help: "end with exit code 3 when something is missing" },
  ],
  permissions: EVERYTHING,
  run: async (input, io) => {
    const { showPrereq } = await import("../lib/run/prereq.ts");
    return await showPrereq(input.boolean("json") || input.string("output") === "json", input.boolean("strict"), io);
  },
};

export const command: Command = {
  name: "prereq",
  summary: "what this machine offers the probes, and what it lacks",
  examples: [{ command: "sudo sloctl prereq check", text: "each item with what its absence costs" }],
  flags: [],
  subcommands: [check],
};
