import { CONFIG_FLAGS, toolkitConfig } from "./config.ts";
import type { Command } from "./command.ts";

const check: Command = {
  name: "check",
  summary: "may a roll-out go on: TTFT p95, error rate and burn rate, asked once of Prometheus",
  description:
    "Counts decide, not interpolation: where the TTFT limit is a bucket bound the share of requests within it is judged exactly. " +
    "No traffic, NaN, several series, stale data and warnings are inconclusive; no data and no answer are not evaluated: neither " +
    "lets a roll-out go on. Exit code 0 pass, 1 fail, 2 a query Prometheus refuses, 3 inconclusive, 4 not evaluated. docs/cdgate.md " +
    "has the rules and recipes for Argo CD, Flux and GitHub Actions.",
  examples: [
    {
      command: "sloctl cdgate check --prometheus-url http://127.0.0.1:9090",
      text: "with the limits that toolkit.yaml has",
    },
    {
      command:
        "sloctl cdgate check --prometheus-url http://127.0.0.1:9090 --total 'ai_requests_total' --good 'ai_requests_total{status=\"ok\"}' --error-rate 0.01",
      text: "other counters, another limit",
    },
    {
      command:
        "sloctl cdgate check --prometheus-url http://127.0.0.1:9090 --query 'cpu<=3: max(llm_slo_agent_cpu_overhead_pct)' --output json",
      text: "one number more, and everything for a script",
    },
  ],
  flags: [
    { name: "prometheus-url", type: "string", placeholder: "URL", help: "where it is asked; a path is kept" },
    { name: "ttft-p95-ms", type: "number", placeholder: "MS", help: "most TTFT p95 may be; default 800" },
    { name: "error-rate", type: "number", placeholder: "X", help: "most of the requests that may fail; default 0.05" },
    { name: "burn-rate", type: "number", placeholder: "X", help: "most both windows may burn; default 2" },
    {
      name: "fail-open",
      type: "boolean",
      help: "exit 0 when Prometheus cannot be reached, and only then; the result says so",
    },
    { name: "timeout", type: "duration", placeholder: "D", default: "5s", help: "patience with Prometheus" },
    { name: "output", type: "string", values: ["text", "json"], default: "text", help: "for a person or a script" },
    {
      name: "ttft-metric",
      type: "string",
      placeholder: "SELECTOR",
      default: "llm_slo_ttft_ms_bucket",
      help: "buckets of a histogram; matchers may follow the name",
    },
    { name: "ttft-unit", type: "string", values: ["ms", "s"], default: "ms", help: "of that histogram's bounds" },
    {
      name: "good",
      type: "string",
      placeholder: "SELECTOR",
      default: 'llm_slo_requests_total{status="ok"}',
      help: "counter of requests that went well",
    },
    {
      name: "total",
      type: "string",
      placeholder: "SELECTOR",
      default: "llm_slo_requests_total",
      help: "counter of all requests",
    },
    { name: "window", type: "duration", placeholder: "D", default: "5m", help: "what is judged, and the short window" },
    { name: "long-window", type: "duration", placeholder: "D", default: "1h", help: "of the burn rate" },
    { name: "objective", type: "number", placeholder: "X", default: 0.99, help: "what the burn rate refers to" },
    {
      name: "min-requests",
      type: "integer",
      placeholder: "N",
      default: 59,
      help: "fewer in a window say nothing of its burn rate",
    },
    {
      name: "max-staleness",
      type: "duration",
      placeholder: "D",
      default: "2m",
      help: "oldest the newest sample may be: more than two scrape intervals",
    },
    {
      name: "query",
      type: "list",
      whole: true,
      placeholder: "'NAME<=VALUE: PROMQL'",
      help: "one number more to be judged; <, <=, >, >= or ==; may repeat",
    },
    { name: "bearer-token-file", type: "string", placeholder: "FILE", help: "a token that Prometheus asks for" },
    {
      name: "ca-file",
      type: "string",
      placeholder: "FILE",
      help: "PEM file of authorities trusted beside the public ones",
    },
    ...CONFIG_FLAGS,
  ],
  permissions: ["read", "net", "env"],
  run: async (input, io) => {
    const config = await toolkitConfig(check, input, io);
    if (config === null) return 0;
    const { cdgate } = await import("../lib/run/cdgate.ts");
    return await cdgate({
      prometheusUrl: config.cdgate.prometheus_url,
      ttftP95Ms: config.cdgate.ttft_p95_ms,
      errorRate: config.cdgate.error_rate,
      burnRate: config.cdgate.burn_rate,
      failOpen: config.cdgate.fail_open,
      timeoutMs: input.number("timeout")!,
      output: input.string("output") as "text" | "json",
      ttftMetric: input.string("ttft-metric")!,
      ttftUnit: input.string("ttft-unit") as "ms" | "s",
      good: input.string("good")!,
      total: input.string("total")!,
      shortWindowMs: input.number("window")!,
      longWindowMs: input.number("long-window")!,
      objective: input.number("objective")!,
      mostStalenessMs: input.number("max-staleness")!,
      minRequests: input.number("min-requests")!,
      queries: input.list("query"),
      bearerTokenFile: input.string("bearer-token-file"),
      caFile: input.string("ca-file"),
    }, io);
  },
};

export const command: Command = {
  name: "cdgate",
  summary: "a gate for continuous delivery, by what Prometheus has counted",
  examples: [{
    command: "sloctl cdgate check --prometheus-url http://127.0.0.1:9090",
    text: "may the roll-out go on?",
  }],
  flags: [],
  subcommands: [check],
};
