/**
 * The two envelopes around the records of every signal, JSON encoding. OTLP/JSON is proto3 JSON with three changes: ids are hex, enums
 * are integers only, and unknown members are ignored. A wrong envelope fails the body; a wrong member of a record costs that record.
 */
import { quoteLongIntegers } from "../model/json.ts";
import type { Attributes, Origin, ResourceDetails, ScopeDetails } from "../model/span.ts";
import { DecodeError } from "./decode_error.ts";
import { arrayOf, BadField, type Json, objectOf, text, uint32 } from "./json_fields.ts";
import { readAttributes } from "./json_values.ts";
import type { Tally } from "./tally.ts";

/** What the three nested lists of a request are called. */
export interface EnvelopeNames {
  readonly resources: string;
  readonly scopes: string;
  readonly records: string;
}

/** Reads one member of the innermost list; a BadField it throws costs this record and is told to `refuse`. */
export interface JsonRecordReader {
  read(raw: Json, origin: Origin): void;
  refuse(error: BadField, raw: unknown): void;
}

/** @throws DecodeError naming the member that is not what it must be */
export function walkJson(body: Uint8Array, names: EnvelopeNames, tally: Tally, reader: JsonRecordReader): void {
  const request = envelope("request", () => objectOf(parse(body)));
  noteSnakeCase(request, tally);
  envelope(names.resources, () => arrayOf(request[names.resources])).forEach((one, r) => {
    const path = `${names.resources}[${r}]`;
    const group = envelope(path, () => objectOf(one));
    noteSnakeCase(group, tally);
    const resource = envelope(`${path}.resource`, () => readResource(group, tally));
    envelope(`${path}.${names.scopes}`, () => arrayOf(group[names.scopes])).forEach((two, s) => {
      const inner = envelope(`${path}.${names.scopes}[${s}]`, () => objectOf(two));
      noteSnakeCase(inner, tally);
      const scope = envelope(`${path}.${names.scopes}[${s}].scope`, () => readScope(inner, tally));
      const records = envelope(`${path}.${names.scopes}[${s}].${names.records}`, () => arrayOf(inner[names.records]));
      const origin = { ...resource, ...scope };
      for (const raw of records) readRecord(raw, origin, tally, reader);
    });
  });
}

function readRecord(raw: unknown, origin: Origin, tally: Tally, reader: JsonRecordReader): void {
  try {
    const record = objectOf(raw);
    noteSnakeCase(record, tally);
    reader.read(record, origin);
  } catch (error) {
    if (!(error instanceof BadField)) throw error;
    reader.refuse(error, raw);
  }
}

/**
 * Objects and arrays of one body, together. Parsing 64 MiB of `{},` takes fourteen seconds and two gigabytes; an honest body of that
 * size holds a million and a half.
 */
const MAX_NODES = 2_000_000;

function parse(body: Uint8Array): unknown {
  if (body.length === 0) throw new DecodeError("byte 0", "the body is empty; an empty JSON request is {}");
  if (body.length > MAX_NODES && nodes(body) > MAX_NODES) {
    throw new DecodeError("body", `it holds more than ${MAX_NODES} objects and arrays`);
  }
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true }).decode(body);
  } catch {
    throw new DecodeError("body", "text is not UTF-8");
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(quoteLongIntegers(source));
  } catch (error) {
    throw new DecodeError("body", error instanceof Error ? error.message : String(error));
  }
  if (parsed === null) throw new DecodeError("request", "must be an object, is null");
  return parsed;
}

/** Opening brackets outside of strings. */
function nodes(body: Uint8Array): number {
  let count = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (byte === 0x22) inString = !inString;
    else if (inString) i += byte === 0x5c ? 1 : 0; // a backslash takes the next byte with it
    else if (byte === 0x7b || byte === 0x5b) count++;
  }
  return count;
}

/** Runs a reader of the envelope: what is wrong there fails the body, with its path. */
function envelope<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadField) throw new DecodeError(path, error.message);
    throw error;
  }
}

/** Members in snake_case are unknown members, so a payload full of them decodes to nothing: say so. */
export function noteSnakeCase(object: Json, tally: Tally): void {
  for (const key in object) if (key.includes("_")) return tally.warn("snake_case_key");
}

function readResource(group: Json, tally: Tally): { resource: Attributes; resourceDetails?: ResourceDetails } {
  const json = objectOf(group.resource);
  const schemaUrl = text(group.schemaUrl);
  const dropped = uint32(json.droppedAttributesCount);
  const details = {
    ...(schemaUrl === "" ? {} : { schemaUrl }),
    ...(dropped === 0 ? {} : { droppedAttributes: dropped }),
  };
  const resource = readAttributes(json.attributes, tally);
  return Object.keys(details).length === 0 ? { resource } : { resource, resourceDetails: details };
}

function readScope(group: Json, tally: Tally): { scope: string; scopeDetails?: ScopeDetails } {
  const json = objectOf(group.scope);
  const version = text(json.version);
  const schemaUrl = text(group.schemaUrl);
  const dropped = uint32(json.droppedAttributesCount);
  const attributes = arrayOf(json.attributes);
  const details = {
    ...(version === "" ? {} : { version }),
    ...(attributes.length === 0 ? {} : { attributes: readAttributes(attributes, tally) }),
    ...(schemaUrl === "" ? {} : { schemaUrl }),
    ...(dropped === 0 ? {} : { droppedAttributes: dropped }),
  };
  const scope = text(json.name);
  return Object.keys(details).length === 0 ? { scope } : { scope, scopeDetails: details };
}
