import project from "../deno.json" with { type: "json" };
import type { Command, Flag } from "./command.ts";
import { CONFIG_FLAGS, toolkitConfig } from "./config.ts";
import { OTLP_FLAGS, SPOOL_FLAG } from "./send_flags.ts";

const PENDING: readonly Flag[] = [
  { name: "interval-ms", type: "integer", placeholder: "N", help: "from earlier versions" },
  { name: "k8s-node", type: "string", placeholder: "NAME", help: "name of the Kubernetes node" },
  { name: "scenario", type: "string", placeholder: "NAME", help: "from earlier versions" },
].map((flag) => ({ ...flag, pending: true } as Flag));

export const command: Command = {
  name: "collector",
  summary: "receive spans, join them with kernel events, and write SLO events",
  description:
    "With --input it reads lines of raw samples, OTLP JSON, probe events or SLO events, writes what they measure as SLO events " +
    "and ends; no port is opened. With --listen it receives OTLP traces, logs and metrics over HTTP and gRPC until it is stopped, " +
    "and joins the spans with the probe events that come as OTLP logs or from --input, which may be a pipe. The kernel's own TTFT stands before the application's where both are there. With " +
    "--otlp-endpoint the spans go on to another receiver, with what the join found written onto them (llm.ebpf.*, llm.slo.*). " +
    "Without spans probe events give no SLO events: " +
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
    {
      command: "sloctl collector --listen 127.0.0.1:4318 --store /var/lib/sloctl --retain-age 168h",
      text: "nothing acknowledged is lost, also not by a power cut",
    },
    {
      command:
        "sloctl collector --listen 127.0.0.1:4318 --otlp-endpoint https://otel.example --spool /var/spool/sloctl",
      text: "enriched spans to another receiver; what it cannot take yet waits on disk",
    },
  ],
  flags: [
    { name: "input", type: "list", placeholder: "FILE", help: "lines to read; - is standard input; may repeat" },
    { name: "listen", type: "string", placeholder: "HOST:PORT", help: "receive OTLP over HTTP there" },
    {
      name: "listen-grpc",
      type: "string",
      placeholder: "HOST:PORT",
      help: "with --listen: OTLP over gRPC there, or off (127.0.0.1:4317 unless that is taken)",
    },
    { name: "metrics-bind", type: "string", placeholder: "HOST:PORT", help: "with --listen: /metrics there too" },
    { name: "tls-cert", type: "string", placeholder: "FILE", help: "PEM certificate: every listener speaks TLS" },
    { name: "tls-key", type: "string", placeholder: "FILE", help: "its key" },
    { name: "client-ca", type: "string", placeholder: "FILE", help: "only clients with a certificate signed by it" },
    {
      name: "token-file",
      type: "string",
      placeholder: "FILE",
      help: "who may do what, a line a token (sloctl token make); every route but /v1/health wants one then",
    },
    { name: "region", type: "string", placeholder: "NAME", help: "where this collector is; tokens of another get 451" },
    { name: "insecure-listen", type: "boolean", help: "plain text off loopback is meant" },
    {
      name: "store",
      type: "string",
      placeholder: "DIR",
      help: "with --listen: keep everything in this folder; what is acknowledged is on disk (docs/journal.md)",
    },
    { name: "retain-age", type: "duration", placeholder: "D", help: "of --store: older entries go (168h is a week)" },
    {
      name: "retain-mb",
      type: "integer",
      placeholder: "N",
      default: 10_000,
      help: "of --store: the oldest go beyond it",
    },
    {
      name: "slo",
      type: "string",
      placeholder: "FILE",
      help: "objectives to judge requests by (docs/slo.md); none without it",
    },
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
    ...OTLP_FLAGS,
    SPOOL_FLAG,
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
    const { SloTracker } = await import("../lib/slo/tracker.ts");
    const { readSloFile } = await import("../lib/run/slo_rules.ts");
    const slo = input.string("slo");
    const objectives = slo === undefined ? null : await readSloFile(slo, io);
    const { sendOptions } = await import("../lib/run/send_options.ts");
    const place = (name: string) => input.string(name)!;
    return await collector({
      inputs: input.list("input"),
      listen: input.string("listen"),
      listenGrpc: input.string("listen-grpc"),
      metricsBind: input.string("metrics-bind"),
      tlsCert: config.tls.cert || undefined,
      tlsKey: config.tls.key || undefined,
      clientCa: config.tls.client_ca || undefined,
      tokenFile: config.cap.token_file || undefined,
      region: config.cap.region,
      watch: {
        maxClients: config.watch.max_clients,
        maxBehind: config.watch.max_behind,
        stallMs: config.watch.stall_ms,
        heartbeatMs: config.watch.heartbeat_ms,
      },
      insecureListen: input.boolean("insecure-listen"),
      out: path ?? "-",
      count: input.number("count")!,
      objectives: { ttftMs: config.cdgate.ttft_p95_ms },
      windowMs: config.correlation.window_ms,
      tracker: objectives === null ? null : new SloTracker(objectives),
      sloFile: slo ?? null,
      version: project.version,
      store: {
        dir: input.string("store"),
        retainMs: input.number("retain-age"),
        retainMb: input.number("retain-mb")!,
      },
      send: sendOptions(config),
      place: {
        cluster: place("cluster"),
        namespace: place("namespace"),
        workload: place("workload"),
        service: place("service"),
      },
    }, io);
  },
};
