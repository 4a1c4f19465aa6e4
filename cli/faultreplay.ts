import type { Command } from "./command.ts";

export const command: Command = {
  name: "faultreplay",
  summary: "write fault samples of a scenario for the attributor, or play a recorded run again",
  description:
    "With --scenario it writes invented fault samples, one a line, the same for the same seed, each marked synthetic. With " +
    "--input it plays what `sloctl demo --record` wrote: kernel events and spans in their order, each line marked replay, or " +
    "the spans alone to a collector.",
  examples: [
    {
      command: "sloctl faultreplay --scenario mixed --count 30 | sloctl attributor --input - --attribution-mode bayes",
      text: "samples into the attributor",
    },
    {
      command: "sloctl faultreplay --input run.jsonl.gz --speed 10 --out run.jsonl",
      text: "a recorded run, ten times as fast",
    },
    {
      command: "sloctl faultreplay --input run.jsonl.gz --otlp-endpoint http://127.0.0.1:4318",
      text: "its spans to a running collector",
    },
  ],
  flags: [
    { name: "scenario", type: "string", placeholder: "NAME|FILE", help: "of scenarios/, or a file" },
    { name: "input", type: "string", placeholder: "FILE", help: "a recording made by sloctl demo --record" },
    { name: "count", type: "integer", placeholder: "N", default: 30, help: "how many samples" },
    { name: "seed", type: "integer", placeholder: "N", help: "of the samples; default: the scenario's" },
    { name: "out", type: "string", placeholder: "FILE", default: "-", help: "where they go; - is standard output" },
    {
      name: "speed",
      type: "number",
      placeholder: "X",
      default: 0,
      help: "1 as it was, 10 ten times as fast, 0 without waiting",
    },
    { name: "otlp-endpoint", type: "string", placeholder: "URL", help: "send the recording's spans there" },
  ],
  // env: the YAML reader asks for its debug variables.
  permissions: ["read", "write", "net", "env"],
  run: async (input, io) => {
    const { faultreplay } = await import("../lib/run/faultreplay.ts");
    return await faultreplay({
      scenario: input.string("scenario"),
      input: input.string("input"),
      count: input.number("count")!,
      seed: input.number("seed"),
      out: input.string("out")!,
      speed: input.number("speed")!,
      otlpEndpoint: input.string("otlp-endpoint"),
    }, io);
  },
};
