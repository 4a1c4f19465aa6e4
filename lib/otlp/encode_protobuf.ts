/** Spans to ExportTraceServiceRequest, protobuf encoding. */
import type { Attributes, AttributeValue, Span } from "../model/span.ts";
import { groupSpans, isInt64 } from "./group.ts";
import { WireWriter } from "./wire_writer.ts";

/** Ids must be hex, as everywhere inside. */
export function encodeTracesProtobuf(spans: Iterable<Span>): Uint8Array<ArrayBuffer> {
  const request = new WireWriter();
  for (const group of groupSpans(spans)) {
    request.message(1, (resourceSpans) => {
      if (Object.keys(group.resource).length > 0) {
        resourceSpans.message(1, (resource) => writeAttributes(resource, 1, group.resource));
      }
      for (const [scope, members] of group.scopes) {
        resourceSpans.message(2, (scopeSpans) => {
          if (scope !== "") scopeSpans.message(1, (inner) => inner.string(1, scope));
          for (const span of members) scopeSpans.message(2, (inner) => writeSpan(inner, span));
        });
      }
    });
  }
  return request.finish();
}

function writeSpan(writer: WireWriter, span: Span): void {
  writer.bytes(1, Uint8Array.fromHex(span.traceId));
  writer.bytes(2, Uint8Array.fromHex(span.spanId));
  if (span.parentSpanId !== "") writer.bytes(4, Uint8Array.fromHex(span.parentSpanId));
  if (span.name !== "") writer.string(5, span.name);
  if (span.kind !== 0) writer.varint(6, span.kind);
  if (span.startNs !== 0n) writer.fixed64(7, span.startNs);
  if (span.endNs !== 0n) writer.fixed64(8, span.endNs);
  writeAttributes(writer, 9, span.attributes);
  for (const event of span.events) {
    writer.message(11, (inner) => {
      if (event.timeNs !== 0n) inner.fixed64(1, event.timeNs);
      if (event.name !== "") inner.string(2, event.name);
      writeAttributes(inner, 3, event.attributes);
    });
  }
  if (span.statusCode !== 0 || span.statusMessage !== "") {
    writer.message(15, (status) => {
      if (span.statusMessage !== "") status.string(2, span.statusMessage);
      if (span.statusCode !== 0) status.varint(3, span.statusCode);
    });
  }
}

function writeAttributes(writer: WireWriter, field: number, attributes: Attributes): void {
  for (const [key, value] of Object.entries(attributes)) {
    writer.message(field, (pair) => {
      if (key !== "") pair.string(1, key);
      pair.message(2, (inner) => writeValue(inner, value));
    });
  }
}

/** Members of a oneof are written even at their default: an empty text is not "no value". */
function writeValue(writer: WireWriter, value: AttributeValue): void {
  if (value === null) return;
  if (typeof value === "string") writer.string(1, value);
  else if (typeof value === "boolean") writer.varint(2, value ? 1 : 0);
  else if (typeof value === "number" || typeof value === "bigint") {
    if (isInt64(value)) writer.varint(3, value);
    else if (typeof value === "number") writer.double(4, value);
    else writer.string(1, String(value));
  } else if (value instanceof Uint8Array) writer.bytes(7, value);
  else if (Array.isArray(value)) {
    writer.message(5, (list) => value.forEach((one) => list.message(1, (inner) => writeValue(inner, one))));
  } else writer.message(6, (map) => writeAttributes(map, 1, value));
}
