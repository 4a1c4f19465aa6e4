import type { Command } from "./command.ts";
import { EVERYTHING } from "./restrict.ts";

export const command: Command = {
  name: "faultinject",
  summary: "write the raw samples a scenario would leave, or do its fault to the lab for real",
  description:
    "Without --real it writes invented raw samples, one a line, the same for the same seed, each marked synthetic. With " +
    "--real it injects the scenario's faults into the running lab, writes a line when each is in force and when it is taken " +
    "back, and needs root; a scenario whose injector does not exist yet ends with exit code 3.",
  examples: [
    { command: "sloctl faultinject --scenario dns_latency --count 100", text: "a hundred samples on standard output" },
    { command: "sudo sloctl faultinject --scenario cpu_throttle --real --for 20s", text: "throttle the lab's gateway" },
  ],
  flags: [
    { name: "scenario", type: "string", placeholder: "NAME|FILE", default: "mixed", help: "of scenarios/, or a file" },
    { name: "count", type: "integer", placeholder: "N", default: 100, help: "how many samples" },
    { name: "seed", type: "integer", placeholder: "N", help: "of the samples; default: the scenario's" },
    { name: "out", type: "string", placeholder: "FILE", default: "-", help: "where they go; - is standard output" },
    { name: "cluster", type: "string", placeholder: "NAME", help: "written into every sample" },
    { name: "namespace", type: "string", placeholder: "NAME", help: "written into every sample" },
    { name: "workload", type: "string", placeholder: "NAME", help: "written into every sample" },
    { name: "service", type: "string", placeholder: "NAME", help: "written into every sample" },
    { name: "node", type: "string", placeholder: "NAME", help: "written into every sample" },
    { name: "real", type: "boolean", help: "do it to the running lab instead" },
    { name: "for", type: "duration", placeholder: "20s", help: "length of the real fault; default: the scenario's" },
    {
      name: "target-cgroup",
      type: "string",
      placeholder: "DIR",
      help: "control group for a real CPU quota; default: the lab's gateway",
    },
    { name: "target-pid", type: "integer", placeholder: "PID", help: "process for a real fault", pending: true },
  ],
  // --real looks into /proc and cgroups.
  permissions: EVERYTHING,
  run: async (input, io) => {
    const { faultinject } = await import("../lib/run/faultinject.ts");
    const place = ["cluster", "namespace", "workload", "service", "node"].filter((name) => input.given(name));
    return await faultinject({
      scenario: input.string("scenario")!,
      count: input.number("count")!,
      seed: input.number("seed"),
      out: input.string("out")!,
      place: Object.fromEntries(place.map((name) => [name, input.string(name)!])),
      real: input.boolean("real"),
      forMs: input.number("for"),
      targetCgroup: input.string("target-cgroup"),
    }, io);
  },
};
