import type { Command, Flag } from "./command.ts";

const JSON_FLAG: Flag = { name: "json", type: "boolean", help: "print one JSON document" };

const validate: Command = {
  name: "validate",
  summary: "judge the documents of a file",
  description:
    "The file holds one JSON document, or one a line; - is standard input. Each document's schema is the one it names in its " +
    "key schema, or else the one its keys are like. Exit code 0: all valid; 1: one is not; 3: one is of a schema this version " +
    "does not know.",
  examples: [
    { command: "sloctl schema validate artifacts/demo/report.json", text: "what the demo wrote" },
    { command: "sloctl agent --count 5 | sloctl schema validate -", text: "what another command writes" },
    { command: "sloctl schema validate --schema slo-event/v1 events.jsonl", text: "every document by this schema" },
  ],
  flags: [
    { name: "schema", type: "string", placeholder: "NAME", help: "judge every document by this one; see schema list" },
    JSON_FLAG,
  ],
  positionals: {
    name: "FILE",
    help: "JSON or JSON lines; a scenario or an SLO file may be YAML; - is standard input",
    min: 1,
    max: 1,
  },
  permissions: ["read", "env"],
  run: async (input, io) => {
    const { validateFile } = await import("../lib/run/schema_validate.ts");
    const options = { schema: input.string("schema"), json: input.boolean("json") };
    return await validateFile({ file: input.positionals[0]!, ...options }, io);
  },
};

const list: Command = {
  name: "list",
  summary: "every schema there is",
  examples: [{ command: "sloctl schema list", text: "names, and what each is about" }],
  flags: [JSON_FLAG],
  permissions: ["env"],
  run: async (input, io) => (await import("../lib/run/schema_validate.ts")).listSchemas(input.boolean("json"), io),
};

const print: Command = {
  name: "print",
  summary: "print one schema",
  examples: [{ command: "sloctl schema print slo-event/v1 > slo-event.json", text: "for another validator" }],
  flags: [],
  positionals: { name: "NAME", help: "as schema list has it, such as slo-event/v1", min: 1, max: 1 },
  permissions: ["env"],
  run: async (input, io) => (await import("../lib/run/schema_validate.ts")).printSchema(input.positionals[0]!, io),
};

export const command: Command = {
  name: "schema",
  summary: "the JSON Schemas of everything sloctl writes: judge a file, list, print",
  examples: [{ command: "sloctl schema validate events.jsonl", text: "is every line what it says it is" }],
  flags: [],
  subcommands: [validate, list, print],
};
