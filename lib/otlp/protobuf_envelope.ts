/** The two envelopes around the records of every signal: a resource with its scopes, a scope with its records. The numbers are the same. */
import type { Origin, ResourceDetails, ScopeDetails } from "../model/span.ts";
import { type AttributesDraft, type Details, readResource, readScope, setGiven } from "./protobuf_values.ts";
import type { Tally } from "./tally.ts";
import { WireReader } from "./wire_reader.ts";

/** Reads the record the reader stands at. */
export type RecordReader = (reader: WireReader, origin: Origin) => void;

/** @throws DecodeError naming the byte where the body stops making sense */
export function walkProtobuf(body: Uint8Array, tally: Tally, readRecord: RecordReader): void {
  const reader = new WireReader(body);
  while (reader.next()) {
    if (reader.field === 1) resourceGroup(reader, tally, readRecord);
    else reader.skip();
  }
}

/** Fields come in any order, and a record needs its resource and scope: each envelope is gone over twice. */
function resourceGroup(reader: WireReader, tally: Tally, readRecord: RecordReader): void {
  const resource: AttributesDraft = {};
  const details: Details<ResourceDetails> = {};
  const outer = reader.enter();
  const start = reader.at;
  while (reader.next()) {
    if (reader.field === 1) readResource(reader, resource, details, tally);
    else if (reader.field === 3) setGiven(details, "schemaUrl", reader.string());
    else reader.skip();
  }
  reader.at = start;
  const origin = { resource, ...(isEmpty(details) ? {} : { resourceDetails: details }) };
  while (reader.next()) {
    if (reader.field === 2) scopeGroup(reader, origin, tally, readRecord);
    else reader.skip();
  }
  reader.leave(outer);
}

function scopeGroup(
  reader: WireReader,
  resource: Pick<Origin, "resource" | "resourceDetails">,
  tally: Tally,
  readRecord: RecordReader,
): void {
  let scope = "";
  const details: Details<ScopeDetails> = {};
  const outer = reader.enter();
  const start = reader.at;
  while (reader.next()) {
    if (reader.field === 1) scope = readScope(reader, details, tally);
    else if (reader.field === 3) setGiven(details, "schemaUrl", reader.string());
    else reader.skip();
  }
  reader.at = start;
  const origin = { ...resource, scope, ...(isEmpty(details) ? {} : { scopeDetails: details }) };
  while (reader.next()) {
    if (reader.field === 2) readRecord(reader, origin);
    else reader.skip();
  }
  reader.leave(outer);
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false;
  return true;
}
