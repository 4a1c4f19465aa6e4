/** Attributes and what else the three signals have in common, out of protobuf. Field numbers: opentelemetry-proto v1 (common, resource). */
import type { AttributeValue, DOUBLES, ResourceDetails, ScopeDetails } from "../model/span.ts";
import { markDouble } from "./doubles.ts";
import type { Tally } from "./tally.ts";
import type { WireReader } from "./wire_reader.ts";

export type AttributesDraft = Record<string, AttributeValue> & { [DOUBLES]?: Set<string> };

/** Reads the KeyValue the reader stands at into `target`. */
export function readKeyValue(reader: WireReader, target: AttributesDraft, tally: Tally): void {
  let key = "";
  let value: AttributeValue = null;
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) key = reader.string();
    else if (reader.field === 2) value = readAnyValue(reader, tally);
    else reader.skip();
  }
  reader.leave(outer);
  if (tally.set(target, key, value) && tally.double) markDouble(target, key, value);
}

/** The last member given wins, as for every protobuf oneof; none at all is null. */
export function readAnyValue(reader: WireReader, tally: Tally): AttributeValue {
  let value: AttributeValue = null;
  const outer = reader.enter();
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        value = reader.string();
        break;
      case 2:
        value = reader.bool();
        break;
      case 3:
        value = reader.int64();
        tally.double = false;
        break;
      case 4:
        value = reader.double();
        tally.double = true;
        break;
      case 5:
        value = readArray(reader, tally);
        break;
      case 6:
        value = readMap(reader, tally);
        break;
      case 7:
        value = reader.copy();
        break;
      default:
        reader.skip();
    }
  }
  reader.leave(outer);
  return value;
}

function readArray(reader: WireReader, tally: Tally): AttributeValue[] {
  const list: AttributeValue[] = [];
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    tally.spend();
    const value = readAnyValue(reader, tally);
    if (tally.double) markDouble(list, "", value);
    list.push(value);
  }
  reader.leave(outer);
  return list;
}

function readMap(reader: WireReader, tally: Tally): AttributesDraft {
  const map: AttributesDraft = {};
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) readKeyValue(reader, map, tally);
    else reader.skip();
  }
  reader.leave(outer);
  return map;
}

export type Details<T> = { -readonly [K in keyof T]: T[K] };

/** Sets what few records have: a member at its default on the wire is as good as none, in either encoding. */
export function setGiven<T, K extends keyof T>(target: T, key: K, value: T[K] & (number | string)): void {
  if (value !== 0 && value !== "") target[key] = value;
}

/** Resource: attributes = 1, dropped_attributes_count = 2. */
export function readResource(
  reader: WireReader,
  attributes: AttributesDraft,
  details: Details<ResourceDetails>,
  tally: Tally,
): void {
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) readKeyValue(reader, attributes, tally);
    else if (reader.field === 2) setGiven(details, "droppedAttributes", reader.uint32());
    else reader.skip();
  }
  reader.leave(outer);
}

/** InstrumentationScope: name = 1, version = 2, attributes = 3, dropped_attributes_count = 4. Returns the name. */
export function readScope(reader: WireReader, details: Details<ScopeDetails>, tally: Tally): string {
  let name = "";
  const attributes: AttributesDraft = {};
  const outer = reader.enter();
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) setGiven(details, "version", reader.string());
    else if (reader.field === 3) readKeyValue(reader, details.attributes = attributes, tally);
    else if (reader.field === 4) setGiven(details, "droppedAttributes", reader.uint32());
    else reader.skip();
  }
  reader.leave(outer);
  return name;
}
