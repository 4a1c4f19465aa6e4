/** Documents against our JSON Schemas, judged by Ajv in the 2020-12 dialect. */
import { Ajv2020, type ErrorObject } from "ajv/2020";
import { type SchemaName, SCHEMAS } from "../model/schema/mod.ts";

let compiled: Ajv2020 | undefined;

/** Compiled on first use: importing this file costs nothing. */
function ajv(): Ajv2020 {
  if (compiled === undefined) {
    compiled = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false });
    for (const [name, schema] of Object.entries(SCHEMAS)) compiled.addSchema(schema, name);
  }
  return compiled;
}

/**
 * What is wrong with a document, one message a fault, each naming its field (`/conn_tuple/src_port must be integer`); empty
 * when it is valid. A bigint counts as an integer, as it is one in the JSON we write; members set to undefined are absent.
 */
export function validate(schemaName: SchemaName, value: unknown): string[] {
  const check = ajv().getSchema(schemaName);
  if (check === undefined) throw new RangeError(`Cannot validate "${schemaName}": there is no such schema`);
  return check(asJson(value)) ? [] : [...new Set((check.errors ?? []).map(sentence))];
}

function sentence({ instancePath, message, params }: ErrorObject): string {
  const extra: unknown = params.additionalProperty ?? params.unevaluatedProperty;
  if (extra !== undefined) return `${instancePath}/${String(extra)} must not be there`;
  if (params.missingProperty !== undefined) return `${instancePath}/${String(params.missingProperty)} is missing`;
  const detail: unknown = params.allowedValues ?? params.allowedValue;
  return `${instancePath || "/"} ${message ?? "is invalid"}${
    detail === undefined ? "" : `: ${JSON.stringify(detail)}`
  }`;
}

/** The value as a reader of our JSON would see it, except that integers beyond 2^53 come as the nearest double. */
function asJson(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(asJson);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined).map(([key, member]) => [key, asJson(member)]),
  );
}
