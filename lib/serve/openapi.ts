/** The OpenAPI 3.1 description of the query API, whole in itself. docs/openapi.yaml is this (`deno task docs`). */
import { SCHEMA_BASE, type SchemaName, SCHEMAS } from "../model/schema/mod.ts";
import { ADMIN, type Operation, OPERATIONS, WATCH } from "./api.ts";
import { verbOf } from "./guarded.ts";

type Node = Readonly<Record<string, unknown>>;

const ALL: readonly Operation[] = [...OPERATIONS, WATCH, ...ADMIN];

export function openApi(version: string): Node {
  const used = closure(ALL.map(({ answer }) => answer));
  return {
    openapi: "3.1.0",
    info: {
      title: "sloctl collector: what it can be asked",
      version,
      summary: "Incidents, requests split with kernel evidence, objectives, agents, health",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: "http://127.0.0.1:4318" }],
    paths: Object.fromEntries(
      ALL.map((one) => [one.path, { [one.method === "POST" ? "post" : "get"]: described(one) }]),
    ),
    components: {
      securitySchemes: {
        token: {
          type: "http",
          scheme: "bearer",
          description: "Of the collector's --token-file; without one none is wanted.",
        },
      },
      schemas: Object.fromEntries([...used, "status/v1" as const].map((name) => [key(name), own(name)])),
    },
  };
}

/** With a token file. */
const AT_THE_DOOR = {
  401: "No token, or one that is not known, has expired or is revoked.",
  403: "The token lacks the verb, or is for another namespace.",
  429: "The token is good for fewer requests a second; Retry-After says when to come again.",
  451: "The token is for another region.",
};

function described({ id, path, method, summary, parameters, answer, refusals }: Operation): Node {
  const verb = verbOf(path);
  const open = verb === null;
  const all = {
    ...refusals,
    ...(open ? {} : AT_THE_DOOR),
    405: verb === "admin" ? `Only ${method ?? "GET"} is allowed.` : "Only GET and HEAD are allowed.",
    500: "A defect of the collector.",
  };
  return {
    operationId: id,
    summary,
    security: open ? [] : verb === "admin" ? [{ token: [] }] : [{ token: [] }, {}],
    parameters: parameters.map(({ name, in: where, help, schema }) => ({
      name,
      in: where,
      required: where === "path",
      description: help,
      schema,
    })),
    responses: {
      200: {
        description: "The answer.",
        content: { [id === "watch" ? "text/event-stream" : "application/json"]: { schema: { $ref: ref(answer) } } },
      },
      ...Object.fromEntries(
        Object.entries(all).map(([status, description]) => [status, {
          description,
          content: status === "500"
            ? { "text/plain": { schema: { type: "string" } } }
            : { "application/json": { schema: { $ref: ref("status/v1") } } },
        }]),
      ),
    },
  };
}

/** The schemas and all they refer to, in order of name. */
function closure(names: readonly SchemaName[]): SchemaName[] {
  const found = new Set<SchemaName>(names);
  for (const name of found) {
    for (const [, other] of JSON.stringify(SCHEMAS[name]).matchAll(/"\$ref":"https:[^"]*\/schemas\/([^"]+)"/g)) {
      found.add(other as SchemaName);
    }
  }
  return [...found].sort();
}

function key(name: SchemaName): string {
  return name.replace("/", ".");
}

function ref(name: SchemaName): string {
  return `#/components/schemas/${key(name)}`;
}

/** A schema at its place in the file: no id and dialect of its own, its references from the file's root. */
function own(name: SchemaName): Node {
  const { $schema: _dialect, $id: _id, ...rest } = SCHEMAS[name] as Node;
  const text = JSON.stringify(rest)
    .replaceAll(`"$ref":"#/$defs/`, `"$ref":"${ref(name)}/$defs/`)
    .replaceAll(
      new RegExp(`"\\$ref":"${SCHEMA_BASE}([^"]+)"`, "g"),
      (_, other: SchemaName) => `"$ref":"${ref(other)}"`,
    );
  return JSON.parse(text);
}
