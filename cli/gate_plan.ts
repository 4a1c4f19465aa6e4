import type { Command } from "./command.ts";

export const plan: Command = {
  name: "plan",
  summary: "how many runs and requests a margin needs, with the spread a baseline shows",
  description:
    "Reads <root>/<scenario>/run-<n>/raw_samples.jsonl, tells what varies between runs from what varies by drawing other requests, " +
    "and prints the chance that m5gate passes when nothing changed: for 3 to 40 runs, with as many requests as there are and four " +
    "times as many. A benchmark that cannot pass is better known before it is made.",
  examples: [
    { command: "sloctl gate plan --baseline-root baseline --ttft-regression-pct 5", text: "for every scenario" },
    {
      command: "sloctl gate plan --baseline-root baseline --scenarios dns_latency --power 0.8 --json",
      text: "one scenario, for a script",
    },
  ],
  flags: [
    { name: "baseline-root", type: "string", placeholder: "DIR", help: "folders of a baseline, or of any benchmark" },
    { name: "scenarios", type: "list", placeholder: "NAME,...", help: "default: every folder of the baseline" },
    { name: "ttft-regression-pct", type: "number", placeholder: "N", default: 5, help: "the margin" },
    { name: "alpha", type: "number", placeholder: "X", default: 0.05, help: "two-sided, as m5gate's" },
    { name: "power", type: "number", placeholder: "X", default: 0.9, help: "chance to pass that is wanted" },
    { name: "seed", type: "integer", placeholder: "N", default: 42, help: "of the resampling" },
    { name: "json", type: "boolean", help: "print one JSON document" },
  ],
  permissions: ["read"],
  run: async (input, io) => {
    const { gatePlan } = await import("../lib/run/gate_plan.ts");
    return gatePlan({
      baselineRoot: input.string("baseline-root"),
      scenarios: input.list("scenarios"),
      marginPct: input.number("ttft-regression-pct")!,
      alpha: input.number("alpha")!,
      power: input.number("power")!,
      seed: input.number("seed")!,
      json: input.boolean("json"),
    }, io);
  },
};
