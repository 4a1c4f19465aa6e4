import type { Command } from "./command.ts";

const NOT_YET = ["closed", "gamma", "ramp", "stages"];

export const command: Command = {
  name: "loadgen",
  summary: "send open-loop streaming load to any OpenAI-compatible endpoint, and time every request",
  description:
    "The whole schedule is drawn from the seed before the first request leaves, and never slides: a late request keeps the " +
    "moment it was due, and both from_schedule and from_send are reported. Every planned arrival is a line of requests.jsonl. " +
    "Stamps are taken around the HTTP client of the runtime. Exit code 3: the load was not delivered; 4: no request ended well.",
  examples: [
    {
      command: "sloctl loadgen --target http://10.77.0.2:8080 --rps 5 --duration-sec 30 --out artifacts/load",
      text: "the lab's gateway, five requests a second",
    },
    { command: "sloctl loadgen --profile chat_short --seed 7 --dry-run", text: "the schedule alone" },
  ],
  flags: [
    { name: "target", type: "string", placeholder: "URL", help: "base URL, such as the one sloctl lab up prints" },
    { name: "path", type: "string", placeholder: "PATH", default: "/v1/chat/completions", help: "added to it" },
    { name: "model", type: "string", placeholder: "NAME", default: "lab-small", help: "asked for" },
    {
      name: "profile",
      type: "string",
      values: ["chat_short", "rag_medium", "context_long", "rag_mixed_20rps"],
      default: "rag_mixed_20rps",
      help: "how long requests and answers are, and how many",
    },
    { name: "rps", type: "number", placeholder: "N", help: "requests a second; default: the profile's" },
    { name: "duration-sec", type: "number", placeholder: "N", default: 10, help: "length of the window" },
    { name: "warmup-sec", type: "number", placeholder: "N", default: 0, help: "sent before the window, not reported" },
    { name: "seed", type: "integer", placeholder: "N", default: 42, help: "of the schedule" },
    {
      name: "arrival",
      type: "string",
      values: ["closed", "constant", "poisson", "gamma", "ramp", "stages"],
      default: "poisson",
      help: "arrival process; constant and poisson are built",
    },
    {
      name: "max-in-flight",
      type: "integer",
      placeholder: "N",
      help: "an arrival that finds so many is dropped; default: no bound",
    },
    { name: "timeout-ms", type: "integer", placeholder: "N", default: 30_000, help: "for one request" },
    { name: "header", type: "list", placeholder: "NAME:VALUE", help: "of every request; may repeat" },
    { name: "out", type: "string", placeholder: "DIR", help: "folder for requests, schedule, report and summary" },
    { name: "dry-run", type: "boolean", help: "write the schedule and send nothing" },
    { name: "json", type: "boolean", help: "print the report as one JSON document" },
    { name: "concurrency", type: "integer", placeholder: "N", help: "of a closed loop", pending: true },
    { name: "connections", type: "integer", placeholder: "N", help: "size of the pool of connections", pending: true },
    { name: "trace", type: "string", placeholder: "FILE", help: "replay recorded arrivals", pending: true },
    { name: "time-scale", type: "number", placeholder: "X", help: "of --trace", pending: true },
    {
      name: "spread",
      type: "string",
      values: ["uniform", "even", "none"],
      help: "within a tick of --trace",
      pending: true,
    },
    { name: "slo", type: "string", placeholder: "FILE", help: "judge the run by it", pending: true },
  ],
  // ffi: the kernel's clock.
  permissions: ["read", "write", "net", "env", "ffi"],
  run: async (input, io) => {
    const arrival = input.string("arrival")!;
    if (NOT_YET.includes(arrival)) {
      const { UnsupportedError } = await import("../lib/model/errors.ts");
      throw new UnsupportedError(`Cannot arrive by "${arrival}": it is not built yet`, "Use constant or poisson");
    }
    const { loadgen } = await import("../lib/run/loadgen.ts");
    return await loadgen({
      target: input.string("target"),
      path: input.string("path")!,
      model: input.string("model")!,
      profile: input.string("profile") as "chat_short",
      rps: input.number("rps"),
      durationS: input.number("duration-sec")!,
      warmupS: input.number("warmup-sec")!,
      seed: input.number("seed")!,
      arrival: arrival as "constant",
      maxInFlight: input.number("max-in-flight"),
      timeoutMs: input.number("timeout-ms")!,
      headers: input.list("header"),
      out: input.string("out"),
      dryRun: input.boolean("dry-run"),
      json: input.boolean("json"),
    }, io);
  },
};
