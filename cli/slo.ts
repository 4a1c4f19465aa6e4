import type { Command, Flag } from "./command.ts";

const FILE: Flag = {
  name: "slo",
  type: "string",
  placeholder: "FILE",
  help: "the SLO file (YAML); - is standard input",
};
const JSON_FLAG: Flag = { name: "json", type: "boolean", help: "print one JSON document" };

const rules: Command = {
  name: "rules",
  summary: "write Prometheus recording and alert rules, and promtool unit tests for them",
  description:
    "Writes DIR/rules.yaml and DIR/rules_test.yaml; the same file gives the same bytes. What Prometheus cannot count exactly is " +
    "refused, with the line, the field and a remedy: a latency limit that is no bucket bound (--snap moves it), an alert that can " +
    "never fire, an objective that one failure breaks. The format is in docs/slo.md.",
  examples: [
    {
      command:
        "sloctl slo rules --slo fixtures/slo/gateway.yaml --out rules && promtool test rules rules/rules_test.yaml",
      text: "rules of the shipped objectives, proved by Prometheus' own tool",
    },
    {
      command: "sloctl slo rules --slo slo.yaml --out rules --snap up",
      text: "move limits up to the next bucket bound",
    },
  ],
  flags: [
    FILE,
    { name: "out", type: "string", placeholder: "DIR", help: "where the two files go; it is made if need be" },
    {
      name: "name-style",
      type: "string",
      values: ["suffixed", "bare", "utf8"],
      default: "suffixed",
      help: "how this Prometheus names OpenTelemetry's metrics: x_y_seconds, x_y, or x.y",
    },
    {
      name: "snap",
      type: "string",
      values: ["up", "down"],
      help: "move a limit that is no bucket bound to the next one",
    },
    JSON_FLAG,
  ],
  permissions: ["read", "write", "env"],
  run: async (input, io) => {
    const { sloRules } = await import("../lib/run/slo_rules.ts");
    return await sloRules({
      slo: input.string("slo"),
      out: input.string("out"),
      nameStyle: input.string("name-style") as "suffixed" | "bare" | "utf8",
      snap: (input.string("snap") ?? null) as "up" | "down" | null,
      json: input.boolean("json"),
    }, io);
  },
};

const check: Command = {
  name: "check",
  summary: "what objectives, or a change of them, would have done to a recorded past",
  description:
    "Plays recorded requests (SLO events, raw samples or OTLP JSON spans, one document a line) through the very tracker that watches " +
    "the present: budgets spent, alerts that would have fired and when. --objective and --limit ask what if. Without --input the " +
    "file alone is checked, and its thresholds are shown. Exit code 0: every objective was kept; 1: one was missed; 3: the events " +
    "are too few to say; 4: there is nothing to judge by.",
  examples: [
    { command: "sloctl slo check --slo fixtures/slo/gateway.yaml", text: "budgets, thresholds and event floors" },
    {
      command: "sloctl slo check --slo fixtures/slo/gateway.yaml --input slo.jsonl --objective errors=0.9995",
      text: "would a stricter objective have paged?",
    },
    {
      command: "sloctl slo check --slo slo.yaml --input slo.jsonl --limit ttft-p95=500ms --json",
      text: "a faster limit",
    },
  ],
  flags: [
    FILE,
    { name: "input", type: "list", placeholder: "FILE", help: "recorded events; - is standard input; may repeat" },
    {
      name: "objective",
      type: "list",
      placeholder: "[NAME=]VALUE",
      help: "instead of the file's; without a name for every SLO; may repeat",
    },
    { name: "limit", type: "list", placeholder: "NAME=VALUE", help: "instead of the predicate's; may repeat" },
    JSON_FLAG,
  ],
  permissions: ["read", "env"],
  run: async (input, io) => {
    const { sloCheck } = await import("../lib/run/slo_check.ts");
    return await sloCheck({
      slo: input.string("slo"),
      inputs: input.list("input"),
      objectives: input.list("objective"),
      limits: input.list("limit"),
      json: input.boolean("json"),
    }, io);
  },
};

export const command: Command = {
  name: "slo",
  summary: "service level objectives: Prometheus rules for them, and what they would have done to the past",
  examples: [{
    command: "sloctl slo rules --slo fixtures/slo/gateway.yaml --out rules",
    text: "rules and their tests",
  }],
  flags: [],
  subcommands: [rules, check],
};
