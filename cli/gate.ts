import type { Command } from "./command.ts";
import { plan } from "./gate_plan.ts";

export const command: Command = {
  name: "gate",
  summary: "release gates: what a benchmark must be to decide anything",
  examples: [{ command: "sloctl gate plan --baseline-root baseline", text: "how many runs a margin needs" }],
  flags: [],
  subcommands: [plan],
};
