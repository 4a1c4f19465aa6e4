/** ExportTraceServiceRequest, JSON encoding, to spans. */
import type { Origin, SpanEvent, SpanLink } from "../model/span.ts";
import { noteSnakeCase, walkJson } from "./json_envelope.ts";
import { arrayOf, hex, integer, type Json, objectOf, text, uint32, uint64 } from "./json_fields.ts";
import { readAttributes } from "./json_values.ts";
import { type SpanDraft, spanDraft, SpanTally } from "./span_tally.ts";

const NAMES = { resources: "resourceSpans", scopes: "scopeSpans", records: "spans" };

/** @throws DecodeError naming the member that is not what it must be. */
export function decodeTracesJson(body: Uint8Array): SpanTally {
  const tally = new SpanTally();
  walkJson(body, NAMES, tally, {
    read: (raw, origin) => tally.add(readSpan(raw, origin, tally)),
    refuse: (error) => tally.reject(error.id ?? "field"),
  });
  return tally;
}

function readSpan(json: Json, origin: Origin, tally: SpanTally): SpanDraft {
  const span = spanDraft(origin);
  const status = objectOf(json.status);
  span.traceId = hex(json.traceId, "trace_id");
  span.spanId = hex(json.spanId, "span_id");
  span.parentSpanId = hex(json.parentSpanId, "parent_span_id");
  span.name = text(json.name);
  span.kind = integer(json.kind);
  span.startNs = uint64(json.startTimeUnixNano);
  span.endNs = uint64(json.endTimeUnixNano);
  span.attributes = readAttributes(json.attributes, tally);
  span.events = arrayOf(json.events).map((one) => readEvent(objectOf(one), tally));
  span.statusCode = integer(status.code);
  span.statusMessage = text(status.message);
  if (text(json.traceState) !== "") span.traceState = text(json.traceState);
  if (arrayOf(json.links).length > 0) span.links = arrayOf(json.links).map((one) => readLink(objectOf(one), tally));
  if (uint32(json.flags) !== 0) span.flags = uint32(json.flags);
  const dropped = [json.droppedAttributesCount, json.droppedEventsCount, json.droppedLinksCount].map(uint32);
  if (dropped[0]! > 0) span.droppedAttributes = dropped[0]!;
  if (dropped[1]! > 0) span.droppedEvents = dropped[1]!;
  if (dropped[2]! > 0) span.droppedLinks = dropped[2]!;
  return span;
}

function readEvent(json: Json, tally: SpanTally): SpanEvent {
  noteSnakeCase(json, tally);
  const dropped = uint32(json.droppedAttributesCount);
  return {
    timeNs: uint64(json.timeUnixNano),
    name: text(json.name),
    attributes: readAttributes(json.attributes, tally),
    ...(dropped === 0 ? {} : { droppedAttributes: dropped }),
  };
}

function readLink(json: Json, tally: SpanTally): SpanLink {
  noteSnakeCase(json, tally);
  const traceState = text(json.traceState);
  const flags = uint32(json.flags);
  const dropped = uint32(json.droppedAttributesCount);
  return {
    traceId: hex(json.traceId, "trace_id"),
    spanId: hex(json.spanId, "span_id"),
    attributes: readAttributes(json.attributes, tally),
    ...(traceState === "" ? {} : { traceState }),
    ...(flags === 0 ? {} : { flags }),
    ...(dropped === 0 ? {} : { droppedAttributes: dropped }),
  };
}
