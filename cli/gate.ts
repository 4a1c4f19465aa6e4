import type { Command } from "./command.ts";
import { plan } from "./gate_plan.ts";

export const command: Command = {
  name: "gate",
  summary: "release gates",
  examples: [],
  flags: [],
  subcommands: [plan],
};
