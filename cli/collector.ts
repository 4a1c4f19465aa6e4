import type { Command, Flag } from "./command.ts";
import { CONFIG_FLAGS, toolkitConfig } from "./config.ts";

const PENDING: readonly Flag[] = [
  { name: "otlp-endpoint", type: "string", placeholder: "URL", help: "pass spans on to another collector" },
  { name: "otlp-timeout-ms", type: "integer", placeholder: "N", help: "patience with it" },
  { name: "metrics-bind", type: "string", placeholder: "ADDR", help: "serve Prometheus metrics there" },
  { name: "store", type: "string", placeholder: "DIR", help: "keep everything in a durable journal" },
  { name: "interval-ms", type: "integer", placeholder: "N", help: "from earlier versions" },
  { name: "k8s-node", type: "string", placeholder: "NAME", help: "name of the Kubernetes node" },
  { name: "scenario", type: "string", placeholder: "NAME", help: "from earlier versions" },
].map((flag) => ({ ...flag, pending: true } as Flag));

export const command: Command = {
  name: "collector",
  summary: "receive spans, join them with kernel events, and write SLO events",
  description:
    "With --input it reads lines of raw samples, OTLP JSON, probe events or SLO events, writes what they measure as SLO events " +
    "and ends; no port is opened. With --listen it receives OTLP/HTTP traces until it is stopped, and joins them with the probe " +
    "events of --input, which may be a pipe. The kernel's own TTFT stands before the application's where both are there. Without spans probe events give no SLO events: " +
    "sloctl attributor and sloctl agent estimate requests from them.",
  examples: [
    {
      command: "sloctl collector --input raw_samples.jsonl --output jsonl --output-path slo.jsonl",
      text: "a file, and end",
    },
    {
      command: "sudo sloctl agent --output stdout | sloctl collector --listen 127.0.0.1:4318 --input -",
      text: "spans from any OpenTelemetry SDK, joined with this machine's kernel",
    },
  ],
  flags: [
    { name: "input", type: "list", placeholder: "FILE", help: "lines to read; - is standard input; may repeat" },
    { name: "listen", type: "string", placeholder: "HOST:PORT", help: "receive OTLP/HTTP traces there" },
    { name: "output", type: "string", values: ["stdout", "jsonl"], default: "stdout", help: "where SLO events go" },
    {
      name: "output-path",
      type: "string",
      placeholder: "FILE",
      help: "the file of --output jsonl; - is standard output",
    },
    { name: "count", type: "integer", placeholder: "N", default: 0, help: "stop after N SLO events; 0: no limit" },
    { name: "cluster", type: "string", placeholder: "NAME", default: "", help: "written where spans do not say" },
    { name: "namespace", type: "string", placeholder: "NAME", default: "", help: "written where spans do not say" },
    { name: "workload", type: "string", placeholder: "NAME", default: "", help: "written where spans do not say" },
    { name: "service", type: "string", placeholder: "NAME", default: "", help: "written where spans do not say" },
    ...CONFIG_FLAGS,
    ...PENDING,
  ],
  // env: the YAML reader asks for its debug variables.
  permissions: ["read", "write", "net", "env"],
  run: async (input, io) => {
    const config = await toolkitConfig(command, input, io);
    if (config === null) return 0;
    const { UsageError } = await import("../lib/model/errors.ts");
    const path = input.string("output-path");
    if (input.string("output") === "jsonl" && path === undefined) {
      throw new UsageError('Cannot write "jsonl": --output-path is missing', "Add --output-path FILE, or - for stdout");
    }
    const { collector } = await import("../lib/run/collector.ts");
    const place = (name: string) => input.string(name)!;
    return await collector({
      inputs: input.list("input"),
      listen: input.string("listen"),
      out: path ?? "-",
      count: input.number("count")!,
      objectives: { ttftMs: config.cdgate.ttft_p95_ms },
      windowMs: config.correlation.window_ms,
      place: {
        cluster: place("cluster"),
        namespace: place("namespace"),
        workload: place("workload"),
        service: place("service"),
      },
    }, io);
  },
};
