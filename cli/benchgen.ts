import project from "../deno.json" with { type: "json" };
import type { Command, Input } from "./command.ts";
import { EVERYTHING } from "./restrict.ts";

export const command: Command = {
  name: "benchgen",
  summary: "write the artefacts of a benchmark for m5gate: measured in the lab with --live, or synthetic",
  description:
    "For each run of each scenario it writes <out>/<scenario>/run-<n>/ with raw samples, attribution, overhead and provenance, and " +
    "judges the scenario's assertions over the run. --live starts the lab, sends load, does the fault for real, and measures the " +
    "agent every 250 ms (user, system and BPF run time) and the requests with it off and on. Runs that are there already, whole and " +
    "of the same kind, are kept: after an interruption the same command goes on. Without --live every file says synthetic, and " +
    "m5gate does not take it as evidence. Exit code 1: an assertion does not hold.",
  examples: [
    {
      command: "sudo sloctl benchgen --live --scenario dns_latency,cpu_throttle --runs 10 --out artifacts/bench",
      text: "two scenarios, ten measured runs each (about half an hour)",
    },
    {
      command: "sudo sloctl benchgen --live --scenario baseline --phases baseline=8s,fault=20s,recovery=2s --rps 5",
      text: "shorter and slower",
    },
    {
      command: "sloctl benchgen --input fixtures/recordings/dns_latency.jsonl.gz --out artifacts/bench",
      text: "one run, of a recorded demo",
    },
    { command: "sloctl benchgen --scenario dns_latency --out artifacts/bench", text: "three synthetic runs" },
  ],
  flags: [
    {
      name: "scenario",
      type: "list",
      placeholder: "NAME|FILE,...",
      help: "of scenarios/, or files; all is every one (default mixed)",
    },
    { name: "out", type: "string", placeholder: "DIR", default: "artifacts/bench", help: "folder of all scenarios" },
    { name: "workload", type: "string", placeholder: "NAME", help: "written into every sample" },
    { name: "input", type: "string", placeholder: "FILE", help: "make one run of a recording (sloctl demo --record)" },
    { name: "live", type: "boolean", help: "measure it in the lab; needs root" },
    { name: "runs", type: "integer", placeholder: "N", help: "default: the scenario's repetitions" },
    { name: "rps", type: "number", placeholder: "N", help: "live: requests a second; default: the scenario's profile" },
    {
      name: "phases",
      type: "string",
      placeholder: "NAME=S,...",
      help: "lengths of baseline, fault, recovery; default: the scenario's",
    },
    { name: "fresh", type: "boolean", help: "make runs again that are there already" },
    {
      name: "attribution-mode",
      type: "string",
      values: ["model", "bayes", "rule"],
      help: "what decides; default model, and rule for synthetic runs",
    },
  ],
  permissions: EVERYTHING,
  run: async (input, io) => {
    const { benchgen } = await import("../lib/run/benchgen.ts");
    return await benchgen({
      scenarios: input.list("scenario"),
      out: input.string("out")!,
      workload: input.string("workload"),
      input: input.string("input"),
      live: input.boolean("live"),
      runs: input.number("runs"),
      mode: input.string("attribution-mode") as "rule" | undefined,
      rps: input.number("rps"),
      phases: input.string("phases"),
      fresh: input.boolean("fresh"),
      argv: ["sloctl", "benchgen", ...typed(input)],
      version: project.version,
    }, io);
  },
};

/** The flags that were given, as anybody may give them again. */
function typed(input: Input): string[] {
  return command.flags.filter(({ name }) => input.given(name)).flatMap(({ name, type }) => {
    if (type === "boolean") return input.boolean(name) ? [`--${name}`] : [];
    const value = type === "list"
      ? input.list(name).join(",")
      : type === "string"
      ? input.string(name)
      : input.number(name);
    return [`--${name}`, `${value}`];
  });
}
