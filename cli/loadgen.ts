import project from "../deno.json" with { type: "json" };
import type { LoadgenOptions } from "../lib/run/loadgen.ts";
import type { Command, Input } from "./command.ts";
import { loadgenFlags } from "./loadgen_flags.ts";
import { EVERYTHING } from "./restrict.ts";

export const command: Command = {
  name: "loadgen",
  summary: "send load to any OpenAI-compatible or HTTP endpoint, and time every request from when it was due",
  description:
    "The list of requests is drawn from the seed before the first one leaves. Open loop (the default): a schedule that never " +
    "slides; a late request keeps the moment it was due, and latency is told from_schedule and from_send. Closed loop: so many " +
    "users, each sending when its last answer is over. Three limits are three things: --connections (arrivals wait in order), " +
    "--max-in-flight (arrivals are dropped), --concurrency (users of a closed loop). Under --out: requests.jsonl, schedule.jsonl, " +
    "connections.jsonl, report.json, report.md, report.svg, summary.csv. Exit code 1: the objective of --slo was missed; 3: the " +
    "load was not delivered, or the client itself was too late for a verdict; 4: no request ended well.",
  examples: [
    {
      command: "sloctl loadgen --target http://10.77.0.2:8080 --rps 5 --duration-sec 30 --out artifacts/load",
      text: "the lab's gateway, five requests a second",
    },
    {
      command: "sloctl loadgen --target http://127.0.0.1:8000/v1 --model m --arrival closed --concurrency 32",
      text: "how much a server does, 32 at a time",
    },
    {
      command: "sloctl loadgen --target http://127.0.0.1:8000 --trace azure.csv --time-scale 2 --duration-sec 300",
      text: "five minutes of a recorded trace, twice as fast",
    },
    {
      command: 'sloctl loadgen --target http://127.0.0.1:8000 --arrival stages --stages "30s:5,1m:5-50,30s:50"',
      text: "steady, a ramp, steady",
    },
    { command: "sloctl loadgen --target https://example.com --path /health --rps 20", text: "plain HTTP" },
    { command: "sloctl loadgen --profile chat_short --seed 7 --dry-run", text: "the list of requests alone" },
  ],
  flags: loadgenFlags,
  // The clock and sockets of the kernel (ffi), and /proc for what the scheduler did with our thread.
  permissions: EVERYTHING,
  run: async (input, io) => {
    const { loadgen } = await import("../lib/run/loadgen.ts");
    return await loadgen(optionsOf(input), io);
  },
};

function optionsOf(input: Input): LoadgenOptions {
  const choice = <T extends string>(flag: string) => input.string(flag) as T;
  return {
    target: input.string("target"),
    path: input.string("path")!,
    api: choice("api"),
    method: input.string("method"),
    body: input.string("body"),
    model: input.string("model")!,
    modelGiven: input.given("model"),
    stream: input.boolean("stream"),
    ignoreEos: input.boolean("ignore-eos"),
    prefix: input.string("prefix") ?? "",
    tokenizer: input.string("tokenizer"),
    headers: input.list("header"),
    ca: input.string("ca"),
    certFile: input.string("cert-file"),
    keyFile: input.string("key-file"),
    insecure: input.boolean("insecure"),
    transport: choice("transport"),
    profile: choice("profile"),
    rps: input.number("rps"),
    durationS: input.number("duration-sec"),
    warmupS: input.number("warmup-sec")!,
    cooldownS: input.number("cooldown-sec")!,
    seed: input.number("seed")!,
    arrival: choice("arrival"),
    gammaShape: input.number("gamma-shape")!,
    rpsFrom: input.number("rps-from"),
    curve: choice("ramp"),
    stages: input.string("stages"),
    within: choice("within"),
    rescaleGaps: input.boolean("rescale-gaps"),
    requests: input.number("requests"),
    cancelShare: input.number("cancel-share")!,
    cancelAfterMs: input.number("cancel-after-ms")!,
    trace: input.string("trace"),
    timeScale: input.number("time-scale")!,
    spread: choice("spread"),
    traceSkipS: input.number("trace-skip-sec")!,
    mostIn: input.number("max-input"),
    mostOut: input.number("max-output"),
    concurrency: input.number("concurrency"),
    thinkMs: input.number("think-ms")!,
    connections: input.number("connections"),
    maxInFlight: input.number("max-in-flight"),
    timeoutMs: input.number("timeout-ms")!,
    connectTimeoutMs: input.number("connect-timeout-ms"),
    firstByteTimeoutMs: input.number("first-byte-timeout-ms"),
    idleTimeoutMs: input.number("idle-timeout-ms"),
    slo: input.string("slo"),
    objective: input.string("objective"),
    edges: choice("goodput-edges"),
    clientLagMs: input.number("max-client-lag-ms"),
    join: input.list("join"),
    otlpEndpoint: input.string("otlp-endpoint"),
    out: input.string("out"),
    dryRun: input.boolean("dry-run"),
    json: input.boolean("json"),
    version: project.version,
  };
}
