import type { Command, Flag } from "./command.ts";
import { EVERYTHING } from "./restrict.ts";

const JSON_FLAG: Flag = { name: "json", type: "boolean", help: "print one JSON document" };

const UP_FLAGS: readonly Flag[] = [
  { name: "port", type: "integer", default: 8080, placeholder: "N", help: "port of the gateway, on its own address" },
  { name: "provider-port", type: "integer", default: 8000, placeholder: "N", help: "port of the provider" },
  {
    name: "resolver-port",
    type: "integer",
    default: 53,
    placeholder: "N",
    help: "a further port the resolver answers on; the lab's own names are always asked on 53",
  },
  { name: "seed", type: "integer", default: 42, placeholder: "N", help: "seed of corpus and answers" },
  {
    name: "otlp-endpoint",
    type: "string",
    placeholder: "URL",
    help: "send the services' spans here, over OTLP/HTTP; as this host reaches it",
  },
  {
    name: "tls",
    type: "boolean",
    help: "the gateway reaches the provider over TLS, by a CA made for this lab; its path is printed",
  },
  {
    name: "bypass-llm",
    type: "boolean",
    help: "tool echo of POST /ai/execute answers without the model; also FEATURE_BYPASS_LLM=true",
  },
  { name: "detach", type: "boolean", help: "leave it running; lab down removes it" },
  JSON_FLAG,
];

const up: Command = {
  name: "up",
  summary: "start the lab and keep it until SIGINT",
  examples: [
    { command: "sudo sloctl lab up", text: "gateway and provider for any OpenAI client, at the URLs it prints" },
    { command: "sudo sloctl lab up --detach --json", text: "for a script" },
  ],
  flags: UP_FLAGS,
  permissions: EVERYTHING,
  run: async (input, io) => {
    const { labUp, labUpDetached, checkPorts } = await import("../lib/run/lab.ts");
    const number = (name: string) => input.number(name);
    const options = {
      port: number("port") ?? 8080,
      providerPort: number("provider-port") ?? 8000,
      resolverPort: number("resolver-port") ?? 53,
      seed: number("seed") ?? 42,
      tls: input.boolean("tls"),
      bypassLlm: input.boolean("bypass-llm") || io.env("FEATURE_BYPASS_LLM") === "true",
    };
    const endpoint = input.string("otlp-endpoint");
    checkPorts(options, endpoint);
    const json = input.boolean("json");
    if (!input.boolean("detach")) {
      return labUp({ ...options, json, ...(endpoint === undefined ? {} : { otlpEndpoint: endpoint }) }, io);
    }
    const args = [
      ...["--port", `${options.port}`, "--provider-port", `${options.providerPort}`],
      ...["--resolver-port", `${options.resolverPort}`, "--seed", `${options.seed}`],
      ...(endpoint === undefined ? [] : ["--otlp-endpoint", endpoint]),
      ...(options.tls ? ["--tls"] : []),
      ...(options.bypassLlm ? ["--bypass-llm"] : []),
    ];
    return labUpDetached(args, json, io);
  },
};

const down: Command = {
  name: "down",
  summary: "end the lab and remove whatever an earlier one left",
  examples: [{ command: "sudo sloctl lab down", text: "also after a crash" }],
  flags: [],
  permissions: EVERYTHING,
  run: async (_input, io) => (await import("../lib/run/lab.ts")).labDown(io),
};

const status: Command = {
  name: "status",
  summary: "say where the running lab listens",
  examples: [{ command: "sloctl lab status --json", text: "URLs, pids, namespaces and cgroups" }],
  flags: [JSON_FLAG],
  permissions: EVERYTHING,
  run: async (input, io) => (await import("../lib/run/lab.ts")).labStatus(input.boolean("json"), io),
};

const serve: Command = {
  name: "serve",
  summary: "run one service of the lab; the lab starts these itself",
  hidden: true,
  examples: [],
  flags: [],
  permissions: ["read", "net", "env", "sys"],
  positionals: { name: "role", help: "the role, and its configuration as JSON", min: 2, max: 2 },
  run: async (input, io) => {
    const { serveRole } = await import("../lib/lab/serve.ts");
    const [role = "", config = ""] = input.positionals;
    await serveRole(role, config, io.stdin, io.stop);
    return 0;
  },
};

export const command: Command = {
  name: "lab",
  summary: "the demo workload alone: a RAG gateway, retrieval, a provider and a resolver, for any client",
  description:
    "Real processes, each in its own cgroup and network namespace. Needs root. A request to the provider or the " +
    "gateway may ask for a fault with the header x-lab-fault: 429, 500, abort, stall or slow.",
  examples: [
    { command: "sudo sloctl lab up --detach", text: "start it and come back" },
    { command: "sudo sloctl lab down", text: "remove it" },
  ],
  flags: [],
  subcommands: [up, down, status, serve],
};
