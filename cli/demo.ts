import type { Command } from "./command.ts";
import { EVERYTHING } from "./restrict.ts";

/** The demo's own children. */
const load: Command = {
  name: "load",
  summary: "send the demo's requests until standard input closes",
  hidden: true,
  examples: [],
  flags: [
    { name: "url", type: "string", help: "base URL of the gateway" },
    { name: "seed", type: "string", default: "demo", help: "of the schedule and the questions" },
    { name: "header", type: "string", help: "name: value, on every request" },
    { name: "no-spans", type: "boolean", help: "send no traceparent" },
  ],
  permissions: ["net", "ffi", "env"],
  run: async (input, io) => {
    const { runLoad } = await import("../lib/run/demo/children.ts");
    const [, name, value] = /^([^:]+):\s*(.*)$/.exec(input.string("header") ?? "") ?? [];
    const headers: Record<string, string> = name === undefined ? {} : { [name]: value! };
    return await runLoad(
      input.string("url") ?? "",
      input.string("seed") ?? "",
      headers,
      !input.boolean("no-spans"),
      io,
    );
  },
};

const blindInject: Command = {
  name: "blind-inject",
  summary: "draw a fault nobody else knows, and inject it",
  hidden: true,
  examples: [],
  flags: [
    { name: "label", type: "string", help: "file to commit the draw to" },
    { name: "room", type: "number", help: "seconds it may use" },
  ],
  permissions: EVERYTHING,
  run: async (input, io) => {
    const { blindInject } = await import("../lib/run/demo/children.ts");
    return await blindInject(input.string("label") ?? "", input.number("room") ?? 0, io);
  },
};

export const command: Command = {
  name: "demo",
  summary: "hurt a real LLM service with a real fault, and name the cause from the kernel",
  description:
    "Starts the lab (gateway, retrieval, provider and resolver, each in its own network namespace and cgroup), attaches " +
    "the probes, sends load, injects the fault, and reports where the time to first token went. Exit code 0: what was injected is " +
    "what was attributed; 1: it is not. Where the kernel does not allow eBPF it plays a committed recording of a real run and says so.",
  examples: [
    { command: "sudo sloctl demo --fault dns_latency", text: "a slow resolver" },
    { command: "sudo sloctl demo --fault cpu_throttle --json", text: "a CPU quota, as one JSON document" },
    {
      command: "sudo sloctl demo --fault random --blind",
      text: "another process draws the fault; its label is opened at the end",
    },
    { command: "sudo sloctl demo --no-spans --tls", text: "an application that tells nothing, over TLS" },
    { command: "sloctl demo --replay run.jsonl.gz", text: "the same pipeline on a recorded run; no rights needed" },
  ],
  flags: [
    {
      name: "fault",
      type: "string",
      values: ["dns_latency", "packet_loss", "cpu_throttle", "provider_throttle", "none", "random"],
      default: "dns_latency",
      help: "what to inject",
    },
    {
      name: "blind",
      type: "boolean",
      help: "with --fault random: fault, intensity and onset are drawn by another process",
    },
    { name: "tls", type: "boolean", help: "reach the provider over TLS" },
    {
      name: "no-spans",
      type: "boolean",
      help: "as an application without OpenTelemetry: no spans, no traceparent; requests are estimated from sockets",
    },
    { name: "phases", type: "string", placeholder: "LIST", help: "lengths: baseline=20s,fault=20s,recovery=12s" },
    {
      name: "out",
      type: "string",
      default: "artifacts/demo",
      placeholder: "DIR",
      help: "folder for events, spans, splits and report",
    },
    { name: "record", type: "string", placeholder: "FILE", help: "also record the run, for --replay" },
    { name: "replay", type: "string", placeholder: "FILE", help: "play a recording instead of a live run" },
    { name: "json", type: "boolean", help: "print the report as one JSON document" },
    {
      name: "header",
      type: "string",
      placeholder: "NAME:VALUE",
      help: "a header of every request; x-lab-sleep-ms: 40 slows the gateway",
    },
  ],
  subcommands: [load, blindInject],
  permissions: EVERYTHING,
  run: async (input, io) => {
    const { UsageError } = await import("../lib/model/errors.ts");
    const fault = input.string("fault")!;
    if ((fault === "random") !== input.boolean("blind")) {
      throw new UsageError(
        "Cannot run a random fault in the open, nor a chosen one blind",
        "Use --fault random --blind together",
      );
    }
    const { demo } = await import("../lib/run/demo.ts");
    const optional = (name: string) => input.string(name) === undefined ? {} : { [name]: input.string(name)! };
    return await demo({
      fault: fault as "dns_latency",
      tls: input.boolean("tls"),
      noSpans: input.boolean("no-spans"),
      out: input.string("out")!,
      json: input.boolean("json"),
      ...optional("phases"),
      ...optional("record"),
      ...optional("replay"),
      ...optional("header"),
      argv: [
        "demo",
        ...Object.entries({ fault }).flatMap(([k, v]) => [`--${k}`, v]),
        ...["blind", "tls", "no-spans"].filter((name) => input.boolean(name)).map((name) => `--${name}`),
      ],
    }, io);
  },
};
