import type { Command, Flag } from "./command.ts";
import { CONFIG_FLAGS, toolkitConfig } from "./config.ts";
import { namedPeers, PEER_FLAGS } from "./peers.ts";
import { SPOOL_FLAG, WEBHOOK_FLAGS } from "./send_flags.ts";

const PENDING: readonly Flag[] = [
  { name: "schema", type: "string", placeholder: "FILE", help: "from earlier versions; every document is checked" },
].map((flag) => ({ ...flag, pending: true } as Flag));

export const command: Command = {
  name: "attributor",
  summary: "name the fault domain of incidents, from events and spans or from fault samples",
  description:
    "Reads lines: probe events with OTLP JSON or without, or fault samples; or one recording of sloctl demo --record. Events and " +
    "spans: requests are split, an incident is where TTFT left its baseline, and with --attribution-mode model the excess over " +
    "the baseline names the domain. rule: the signal furthest above its threshold. bayes: a fixed table. Both are baselines for " +
    "comparison. Without spans requests are estimated from sockets, service by service, and every document says so. Fault samples hold signals alone: model then uses the rule, and says so. Labels in the input are only scored.",
  examples: [
    {
      command: "sloctl attributor --input artifacts/demo/events.jsonl --input artifacts/demo/spans.jsonl",
      text: "what a demo left",
    },
    {
      command: "sloctl attributor --input events.jsonl --provider api.example.com",
      text: "events alone: requests are estimated from sockets",
    },
    {
      command: "sloctl faultreplay --scenario mixed | sloctl attributor --input - --summary-out summary.json",
      text: "synthetic fault samples, scored",
    },
  ],
  flags: [
    {
      name: "input",
      type: "list",
      placeholder: "FILE",
      help: "lines, or a recording (.gz); - is standard input; may repeat",
    },
    {
      name: "out",
      type: "string",
      placeholder: "FILE",
      default: "-",
      help: "incidents, one a line; - is standard output",
    },
    { name: "predictions-out", type: "string", placeholder: "FILE", help: "every case and its answer, as CSV" },
    { name: "summary-out", type: "string", placeholder: "FILE", help: "counts and scores, as JSON" },
    { name: "confusion-out", type: "string", placeholder: "FILE", help: "expected against predicted, as CSV" },
    {
      name: "attribution-mode",
      type: "string",
      values: ["model", "bayes", "rule"],
      default: "model",
      help: "what decides",
    },
    {
      name: "baseline-for",
      type: "duration",
      placeholder: "20s",
      default: 20_000,
      help: "how long, from the first request on, events and spans are the baseline",
    },
    {
      name: "objective-ms",
      type: "number",
      placeholder: "N",
      help: "TTFT above it spends budget; default: cdgate.ttft_p95_ms",
    },
    ...PEER_FLAGS,
    ...WEBHOOK_FLAGS,
    SPOOL_FLAG,
    ...CONFIG_FLAGS,
    ...PENDING,
  ],
  // env: the YAML reader asks for its debug variables.
  permissions: ["read", "write", "net", "env"],
  run: async (input, io) => {
    const config = await toolkitConfig(command, input, io);
    if (config === null) return 0;
    const { attributor } = await import("../lib/run/attributor.ts");
    const { sendOptions } = await import("../lib/run/send_options.ts");
    return await attributor({
      inputs: input.list("input"),
      mode: input.string("attribution-mode") as "model",
      out: input.string("out")!,
      predictionsOut: input.string("predictions-out"),
      summaryOut: input.string("summary-out"),
      confusionOut: input.string("confusion-out"),
      baselineMs: input.number("baseline-for")!,
      peers: await namedPeers(input),
      objectiveMs: input.number("objective-ms") ?? config.cdgate.ttft_p95_ms,
      send: { ...sendOptions(config, input.given("webhook-url")), otlp: undefined },
    }, io);
  },
};
