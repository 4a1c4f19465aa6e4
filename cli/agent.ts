import type { CapabilityMode } from "../lib/model/capability_mode.ts";
import type { Command, Flag, Input } from "./command.ts";
import { EVERYTHING } from "./restrict.ts";
import { OTLP_FLAGS, SPOOL_FLAG, WEBHOOK_FLAGS } from "./send_flags.ts";
import { CONFIG_FLAGS, toolkitConfig } from "./config.ts";
import { namedPeers, PEER_FLAGS } from "./peers.ts";

const WHOM: readonly Flag[] = [
  { name: "pid", type: "list", placeholder: "PID,...", help: "watch only these processes" },
  { name: "comm", type: "string", placeholder: "NAME", help: "watch only processes of this name" },
  {
    name: "cgroup",
    type: "list",
    placeholder: "PATH,...",
    help: "watch only these cgroups and what is below them: directories, or paths as in /proc/PID/cgroup",
  },
  { name: "disable-signals", type: "list", placeholder: "SIGNAL,...", help: "leave these signals out" },
];

const WHAT: readonly Flag[] = [
  { name: "for", type: "duration", placeholder: "20s", help: "how long to watch; without it, until SIGINT" },
  { name: "json", type: "boolean", help: "the diagnosis as one JSON document (docs/diagnosis.md)" },
  { name: "save", type: "string", placeholder: "FILE", help: "keep the diagnosis there, to compare with later" },
  { name: "baseline", type: "string", placeholder: "FILE", help: "say what has changed since a saved diagnosis" },
  {
    name: "output",
    type: "string",
    values: ["stdout", "jsonl", "otlp"],
    help: "write every event as it comes, instead of a diagnosis at the end",
  },
  { name: "output-path", type: "string", placeholder: "FILE", help: "where jsonl goes; - is standard output" },
  { name: "event-kind", type: "string", values: ["slo", "probe", "both"], default: "probe", help: "which events" },
  {
    name: "event-schema",
    type: "string",
    values: ["v1alpha1", "v1alpha2"],
    default: "v1alpha2",
    help: "version of the events that are written",
  },
  { name: "count", type: "integer", placeholder: "N", help: "stop after N events; 0: no limit" },
  {
    name: "record",
    type: "number",
    placeholder: "MINUTES",
    help: "flight recorder: keep the last minutes in memory, and write them when requests get slow or on SIGUSR2",
  },
  {
    name: "dump",
    type: "string",
    placeholder: "FILE",
    help: "write what the flight recorder kept there when the watch ends (5 minutes without --record)",
  },
  {
    name: "follow",
    type: "list",
    placeholder: "KIND,...",
    help:
      "print events as rows: all, dns, connect, tls, first, gap, unread, resent, cpu, throttle, steal, memory, disk, " +
      "syscall, or names of signals; with --json as documents",
  },
  { name: "fields", type: "list", placeholder: "NAME,...", help: "columns of --follow (docs/agent.md has them all)" },
  {
    name: "filter",
    type: "string",
    placeholder: "EXPR",
    help: "only these events, of --follow and --output: 'comm==curl and value>10ms', 'port 53 or not host 10.0.0.1'",
  },
  {
    name: "metrics-bind",
    type: "string",
    placeholder: "HOST:PORT",
    help:
      "serve /metrics, /healthz and /readyz there, or off; default while it streams events until stopped: 127.0.0.1:2112",
  },
];

const HOW: readonly Flag[] = [
  {
    name: "capability-mode",
    type: "string",
    values: ["auto", "core_full", "bcc_degraded"],
    default: "auto",
    help: "auto: each probe as well as this kernel allows; core_full: every probe whole, or none; bcc_degraded: " +
      "DNS, first bytes and retransmissions without the kernel's type information (BTF)",
  },
  {
    name: "source",
    type: "string",
    values: ["kernel", "replay", "synthetic"],
    default: "kernel",
    help: "where events come from",
  },
  {
    name: "scenario",
    type: "string",
    placeholder: "NAME|FILE",
    default: "mixed",
    help: "what a synthetic source plays: of scenarios/, or a file",
  },
  { name: "input", type: "string", placeholder: "FILE", help: "the recording of --source replay" },
  { name: "interval-ms", type: "integer", placeholder: "N", help: "pause between requests of a synthetic source" },
  { name: "disable-overhead-guard", type: "boolean", help: "keep every probe and threshold, whatever it costs" },
  { name: "probe-smoke", type: "boolean", help: "attach every probe, say how that went, and end" },
];

const WHERE: readonly Flag[] = [
  { name: "cluster", type: "string", placeholder: "NAME", help: "written into every SLO event" },
  { name: "workload", type: "string", placeholder: "NAME", help: "written into every SLO event" },
  { name: "service", type: "string", placeholder: "NAME", help: "written into every SLO event" },
  {
    name: "node",
    type: "string",
    placeholder: "NAME",
    help: "written into every event; default: NODE_NAME of the environment, else the host's name",
  },
  { name: "k8s-node", type: "string", placeholder: "NAME", help: "the same, under its older name" },
  { name: "namespace", type: "string", placeholder: "NAME", help: "written into every event, whosesoever it is" },
  { name: "pod", type: "string", placeholder: "NAME", help: "written into every event, whosesoever it is" },
  { name: "container", type: "string", placeholder: "NAME", help: "written into every event, whosesoever it is" },
  {
    name: "kubelet",
    type: "string",
    placeholder: "URL|off",
    help: "ask this kubelet for names of pods; default: this node's, where there are signs of one",
  },
  { name: "kubelet-insecure-tls", type: "boolean", help: "take any certificate of the kubelet" },
  {
    name: "host-root",
    type: "string",
    placeholder: "DIR",
    help: "where the host's files are mounted in a container; default: found through pid 1, or /host",
  },
];

/** Accepted for scripts and manifests that pass them. */
const PENDING: readonly Flag[] = [
  { name: "trace", type: "list", placeholder: "TARGET,...", help: "send full scheduler segments of these" },
  { name: "enable-hello-tracer", type: "boolean", help: "from the first version; the probes replace it" },
  { name: "hello-target-comm", type: "string", placeholder: "NAME", help: "from the first version" },
  { name: "enable-real-probe-metrics", type: "boolean", help: "from the first version; they are real" },
].map((flag) => ({ ...flag, pending: true } as Flag));

/** Of the flight recorder, in ms; undefined: none. */
function minutes(record: number | undefined, dump: string | undefined): number | undefined {
  const kept = record ?? (dump === undefined ? undefined : 5);
  return kept === undefined ? undefined : kept * 60_000;
}

async function run(input: Input, io: Parameters<NonNullable<Command["run"]>>[1]): Promise<number> {
  const config = await toolkitConfig(command, input, io);
  if (config === null) return 0;
  const { signalsLeftOut } = await import("../lib/config/signal_names.ts");
  const { runAgent } = await import("../lib/run/agent.ts");
  const { agentSendOptions } = await import("../lib/run/send_options.ts");
  return runAgent({
    forMs: input.number("for"),
    json: input.boolean("json"),
    output: input.string("output"),
    outputPath: input.string("output-path"),
    eventKind: input.string("event-kind") ?? "probe",
    // A script that names a kind of event or a number of them wants events, as in earlier versions.
    wantsEvents: input.given("event-kind") || input.given("count"),
    eventSchema: input.string("event-schema") === "v1alpha1" ? "v1alpha1" : "v1alpha2",
    count: input.number("count") ?? 0,
    pids: input.list("pid"),
    comm: input.string("comm"),
    cgroups: input.list("cgroup"),
    disabledSignals: [...input.list("disable-signals"), ...signalsLeftOut(config.signal_set)],
    capabilityMode: (input.string("capability-mode") ?? "auto") as CapabilityMode, // one of its values
    source: input.string("source") ?? "kernel",
    scenario: input.string("scenario"),
    intervalMs: input.number("interval-ms"),
    probeSmoke: input.boolean("probe-smoke"),
    node: input.string("node") ?? input.string("k8s-node"),
    identity: {
      node: input.string("node") ?? input.string("k8s-node"),
      kubelet: input.string("kubelet"),
      kubeletInsecure: input.boolean("kubelet-insecure-tls"),
      hostRoot: input.string("host-root"),
    },
    cluster: input.string("cluster"),
    workload: input.string("workload"),
    service: input.string("service"),
    namespace: input.string("namespace") ?? "",
    pod: input.string("pod") ?? "",
    container: input.string("container") ?? "",
    peers: await namedPeers(input),
    send: agentSendOptions(config, input.string("output"), input.given("webhook-url")),
    metricsBind: input.string("metrics-bind"),
    follow: input.list("follow"),
    fields: input.list("fields"),
    filter: input.string("filter"),
    save: input.string("save"),
    record: minutes(input.number("record"), input.string("dump")),
    dump: input.string("dump"),
    input: input.string("input"),
    baseline: input.string("baseline"),
    objectiveMs: config.cdgate.ttft_p95_ms,
    sampling: config.sampling,
    guard: input.boolean("disable-overhead-guard") ? null : { budgetPct: config.safety.max_overhead_pct },
  }, io);
}

export const command: Command = {
  name: "agent",
  summary: "watch this machine's kernel: a diagnosis, or a stream of events",
  description:
    "Attaches the probes and watches every process, or those of --pid, --comm and --cgroup together. With --for alone it " +
    "prints what was slow or failing, worst first, and what became of the requests of each service, estimated from its sockets; " +
    "with --output it writes every event. Needs root, or CAP_BPF, " +
    "CAP_PERFMON and CAP_NET_ADMIN. Without --for and --count a stream of events is a service: it serves its metrics on " +
    "127.0.0.1:2112. Else it opens no port unless --metrics-bind names one. With --output otlp, or --otlp-endpoint beside " +
    "another output, a collector gets its heartbeat too.",
  examples: [
    { command: "sudo sloctl agent --for 20s", text: "what is slow or failing on this machine" },
    { command: "sudo sloctl agent --for 20s --json --comm python3", text: "one program, for a script" },
    {
      command: "sudo sloctl agent --output jsonl --output-path events.jsonl --record 5",
      text: "keep the last five minutes; kill -USR2 writes them, and so do slow requests",
    },
    {
      command: "sloctl agent --source replay --input sloctl-flight-20260102T030405Z-SIGUSR2.jsonl.gz",
      text: "the same findings at a desk",
    },
    {
      command: "sudo sloctl agent --for 60s --baseline monday.json --save tuesday.json",
      text: "what has changed since a run that was saved",
    },
    {
      command: "sudo sloctl agent --for 60s --provider api.example.com --retrieval 10.0.0.7:8001",
      text: "requests without spans: whose waits are whose",
    },
    {
      command: "sudo sloctl agent --follow dns,connect --filter 'comm~^python and (value>50ms or status==error)'",
      text: "live rows, as they happen",
    },
    { command: "sudo sloctl agent --output jsonl --output-path events.jsonl", text: "every event, until Ctrl-C" },
    {
      command: "sudo sloctl agent --output otlp --otlp-endpoint http://127.0.0.1:4318 --metrics-bind :2112",
      text: "as a service: events and a heartbeat to a collector, metrics to Prometheus",
    },
    {
      command: "sloctl agent --source synthetic --count 10 --event-kind both",
      text: "ten invented events, each marked synthetic; needs no rights",
    },
    {
      command: "sudo SLOCTL_SAFETY_MAX_OVERHEAD_PCT=1 sloctl agent --output stdout",
      text: "give up probes rather than cost more than 1 % of one CPU (default 3)",
    },
    { command: "sudo sloctl agent --probe-smoke", text: "which probes this kernel takes" },
    {
      command: "sloctl agent --config toolkit.yaml --print-config",
      text: "every setting, and where its value came from",
    },
  ],
  flags: [
    ...WHAT,
    ...WHOM,
    ...PEER_FLAGS,
    ...HOW,
    ...WHERE,
    ...OTLP_FLAGS,
    ...WEBHOOK_FLAGS,
    SPOOL_FLAG,
    ...CONFIG_FLAGS,
    ...PENDING,
  ],
  permissions: EVERYTHING,
  run,
};
