/** Attributes out of OTLP/JSON. */
import type { AttributeValue } from "../model/span.ts";
import { arrayOf, BadField, double, int64, objectOf, text } from "./json_fields.ts";
import { markDouble } from "./doubles.ts";
import { fromInt64 } from "./metric_draft.ts";
import type { Tally } from "./tally.ts";
import { MAX_DEPTH } from "./wire_reader.ts";

/** @throws BadField */
export function readAttributes(list: unknown, tally: Tally, depth = 0): Record<string, AttributeValue> {
  const target: Record<string, AttributeValue> = {};
  for (const one of arrayOf(list)) {
    const pair = objectOf(one);
    const value = readAnyValue(pair.value, tally, depth);
    const key = text(pair.key);
    if (tally.set(target, key, value) && tally.double) markDouble(target, key, value);
  }
  return target;
}

/** @throws BadField */
export function readAnyValue(raw: unknown, tally: Tally, depth = 0): AttributeValue {
  if (depth > MAX_DEPTH) throw new BadField(`values nested deeper than ${MAX_DEPTH}`);
  const value = objectOf(raw);
  if (given(value.stringValue)) return text(value.stringValue);
  if (given(value.boolValue)) {
    if (typeof value.boolValue === "boolean") return value.boolValue;
    throw new BadField("boolValue must be true or false");
  }
  if (given(value.intValue)) {
    tally.double = false;
    return fromInt64(int64(value.intValue));
  }
  if (given(value.doubleValue)) {
    tally.double = true;
    return double(value.doubleValue);
  }
  if (given(value.arrayValue)) return readArray(value.arrayValue, tally, depth);
  if (given(value.kvlistValue)) return readAttributes(objectOf(value.kvlistValue).values, tally, depth + 1);
  if (given(value.bytesValue)) return base64(text(value.bytesValue));
  return null;
}

function readArray(raw: unknown, tally: Tally, depth: number): AttributeValue[] {
  const list: AttributeValue[] = [];
  for (const one of arrayOf(objectOf(raw).values)) {
    const value = readAnyValue(one, tally, depth + 1);
    if (tally.double) markDouble(list, "", value);
    list.push(value);
  }
  return list;
}

function given(member: unknown): boolean {
  return member !== undefined && member !== null;
}

/** Either alphabet, padded or not, as proto3 JSON allows. */
function base64(source: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(source.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    throw new BadField("bytesValue must be base64");
  }
}
