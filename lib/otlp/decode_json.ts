/**
 * ExportTraceServiceRequest, JSON encoding, to spans. OTLP/JSON is proto3 JSON with three changes: ids are hex, enums are
 * integers only, and unknown members are ignored. A wrong envelope fails the body; a wrong member of a span costs that span.
 */
import { quoteLongIntegers } from "../model/json.ts";
import type { Attributes, AttributeValue, SpanEvent } from "../model/span.ts";
import { DecodeError } from "./decode_error.ts";
import { arrayOf, BadField, double, hex, int64, integer, type Json, objectOf, text, uint64 } from "./json_fields.ts";
import { fromInt64, type RawSpan, rawSpan, Tally } from "./tally.ts";
import { MAX_DEPTH } from "./wire_reader.ts";

/** @throws DecodeError naming the member that is not what it must be. */
export function decodeTracesJson(body: Uint8Array): Tally {
  const tally = new Tally();
  const request = envelope(() => objectOf(parse(body)), "request");
  noteSnakeCase(request, tally);
  for (const [r, one] of envelope(() => arrayOf(request.resourceSpans), "resourceSpans").entries()) {
    const path = `resourceSpans[${r}]`;
    const group = envelope(() => objectOf(one), path);
    noteSnakeCase(group, tally);
    const resource = envelope(() => attributes(objectOf(group.resource).attributes, tally), `${path}.resource`);
    for (const [s, two] of envelope(() => arrayOf(group.scopeSpans), `${path}.scopeSpans`).entries()) {
      const inner = envelope(() => objectOf(two), `${path}.scopeSpans[${s}]`);
      noteSnakeCase(inner, tally);
      const scope = envelope(() => text(objectOf(inner.scope).name), `${path}.scopeSpans[${s}].scope`);
      for (const raw of envelope(() => arrayOf(inner.spans), `${path}.scopeSpans[${s}].spans`)) {
        addSpan(raw, resource, scope, tally);
      }
    }
  }
  return tally;
}

function parse(body: Uint8Array): unknown {
  if (body.length === 0) throw new DecodeError("byte 0", "the body is empty; an empty JSON request is {}");
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

/** Runs a reader of the envelope: what is wrong there fails the body, with its path. */
function envelope<T>(read: () => T, path: string): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadField) throw new DecodeError(path, error.message);
    throw error;
  }
}

/** Members in snake_case are unknown members, so a payload full of them decodes to nothing: say so. */
function noteSnakeCase(object: Json, tally: Tally): void {
  for (const key in object) if (key.includes("_")) return tally.warn("snake_case_key");
}

function addSpan(raw: unknown, resource: Attributes, scope: string, tally: Tally): void {
  let span: RawSpan;
  try {
    span = readSpan(objectOf(raw), tally);
  } catch (error) {
    if (error instanceof BadField) return tally.reject(error.id ?? "field");
    throw error;
  }
  tally.add(span, resource, scope);
}

function readSpan(json: Json, tally: Tally): RawSpan {
  noteSnakeCase(json, tally);
  const status = objectOf(json.status);
  return {
    ...rawSpan(),
    traceId: hex(json.traceId, "trace_id"),
    spanId: hex(json.spanId, "span_id"),
    parentSpanId: hex(json.parentSpanId, "parent_span_id"),
    name: text(json.name),
    kind: integer(json.kind),
    startNs: uint64(json.startTimeUnixNano),
    endNs: uint64(json.endTimeUnixNano),
    attributes: attributes(json.attributes, tally),
    events: arrayOf(json.events).map((one) => event(objectOf(one), tally)),
    statusCode: integer(status.code),
    statusMessage: text(status.message),
  };
}

function event(json: Json, tally: Tally): SpanEvent {
  return {
    timeNs: uint64(json.timeUnixNano),
    name: text(json.name),
    attributes: attributes(json.attributes, tally),
  };
}

function attributes(list: unknown, tally: Tally, depth = 0): Record<string, AttributeValue> {
  const target: Record<string, AttributeValue> = {};
  for (const one of arrayOf(list)) {
    const pair = objectOf(one);
    tally.set(target, text(pair.key), anyValue(pair.value, tally, depth));
  }
  return target;
}

function anyValue(raw: unknown, tally: Tally, depth: number): AttributeValue {
  if (depth > MAX_DEPTH) throw new BadField(`values nested deeper than ${MAX_DEPTH}`);
  const value = objectOf(raw);
  const given = (member: unknown) => member !== undefined && member !== null;
  if (given(value.stringValue)) return text(value.stringValue);
  if (given(value.boolValue)) {
    if (typeof value.boolValue === "boolean") return value.boolValue;
    throw new BadField("boolValue must be true or false");
  }
  if (given(value.intValue)) return fromInt64(int64(value.intValue));
  if (given(value.doubleValue)) return double(value.doubleValue);
  if (given(value.arrayValue)) {
    return arrayOf(objectOf(value.arrayValue).values).map((one) => anyValue(one, tally, depth + 1));
  }
  if (given(value.kvlistValue)) return attributes(objectOf(value.kvlistValue).values, tally, depth + 1);
  if (given(value.bytesValue)) return base64(text(value.bytesValue));
  return null;
}

/** Either alphabet, padded or not, as proto3 JSON allows. */
function base64(source: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(source.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    throw new BadField("bytesValue must be base64");
  }
}
