import type { Command } from "./command.ts";

export const command: Command = {
  name: "benchgen",
  summary: "write the artefacts of a benchmark; synthetic runs only, --live and --input are not built yet (exit 3)",
  description:
    "For each run of the scenario it writes <out>/<scenario>/run-<n>/ with raw samples, attribution, confusion and provenance, " +
    "and judges the scenario's assertions over the run. Every file says synthetic, and m5gate does not take it as evidence. " +
    "Exit code 1: an assertion does not hold.",
  examples: [{ command: "sloctl benchgen --scenario dns_latency --out artifacts/bench", text: "three synthetic runs" }],
  flags: [
    { name: "scenario", type: "string", placeholder: "NAME|FILE", default: "mixed", help: "of scenarios/, or a file" },
    { name: "out", type: "string", placeholder: "DIR", default: "artifacts/bench", help: "folder of all scenarios" },
    { name: "workload", type: "string", placeholder: "NAME", help: "written into every sample" },
    { name: "input", type: "string", placeholder: "DIR", help: "make it from a recorded run (not built yet)" },
    { name: "live", type: "boolean", help: "make it from live runs (not built yet)" },
    { name: "runs", type: "integer", placeholder: "N", help: "default: the scenario's repetitions" },
    {
      name: "attribution-mode",
      type: "string",
      values: ["model", "bayes", "rule"],
      default: "rule",
      help: "what decides; model needs requests to split, and is the rule here",
    },
  ],
  // env: the YAML reader asks for its debug variables.
  permissions: ["read", "write", "env"],
  run: async (input, io) => {
    const { benchgen } = await import("../lib/run/benchgen.ts");
    const scenario = input.string("scenario")!;
    return await benchgen({
      scenario,
      out: input.string("out")!,
      workload: input.string("workload"),
      input: input.string("input"),
      live: input.boolean("live"),
      runs: input.number("runs"),
      mode: input.string("attribution-mode") as "rule",
      argv: ["sloctl", "benchgen", "--scenario", scenario],
    }, io);
  },
};
