/** Spans and log records to export requests, protobuf encoding. Ids must be hex, as everywhere inside. */
import type { LogRecord } from "../model/log_record.ts";
import type { Attributes, AttributeValue, Origin, Span, SpanLink } from "../model/span.ts";
import { isMarkedDouble } from "./doubles.ts";
import { groupRecords, isInt64 } from "./group.ts";
import { WireWriter } from "./wire_writer.ts";

export function encodeTracesProtobuf(spans: Iterable<Span>): Uint8Array<ArrayBuffer> {
  return envelopes(spans, writeSpan);
}

export function encodeLogsProtobuf(logs: Iterable<LogRecord>): Uint8Array<ArrayBuffer> {
  return envelopes(logs, writeLog);
}

/** The field numbers of the envelopes are the same for every signal. */
function envelopes<T extends Origin>(
  records: Iterable<T>,
  write: (writer: WireWriter, record: T) => void,
): Uint8Array<ArrayBuffer> {
  const w = new WireWriter();
  for (const { resource, details, scopes } of groupRecords(records)) {
    w.message(1, () => {
      if (Object.keys(resource).length > 0 || details.droppedAttributes !== undefined) {
        w.message(1, () => {
          writeAttributes(w, 1, resource);
          optionalVarint(w, 2, details.droppedAttributes);
        });
      }
      for (const scope of scopes) {
        w.message(2, () => {
          const { version, attributes, schemaUrl, droppedAttributes } = scope.details;
          if (scope.name !== "" || version !== undefined || attributes !== undefined) {
            w.message(1, () => {
              optionalString(w, 1, scope.name);
              optionalString(w, 2, version);
              writeAttributes(w, 3, attributes ?? {});
              optionalVarint(w, 4, droppedAttributes);
            });
          }
          for (const record of scope.records) w.message(2, () => write(w, record));
          optionalString(w, 3, schemaUrl);
        });
      }
      optionalString(w, 3, details.schemaUrl);
    });
  }
  return w.finish();
}

function writeSpan(w: WireWriter, span: Span): void {
  w.hex(1, span.traceId);
  w.hex(2, span.spanId);
  optionalString(w, 3, span.traceState);
  if (span.parentSpanId !== "") w.hex(4, span.parentSpanId);
  optionalString(w, 5, span.name);
  optionalVarint(w, 6, span.kind);
  if (span.startNs !== 0n) w.fixed64(7, span.startNs);
  if (span.endNs !== 0n) w.fixed64(8, span.endNs);
  writeAttributes(w, 9, span.attributes);
  optionalVarint(w, 10, span.droppedAttributes);
  for (const event of span.events) {
    w.message(11, () => {
      if (event.timeNs !== 0n) w.fixed64(1, event.timeNs);
      optionalString(w, 2, event.name);
      writeAttributes(w, 3, event.attributes);
      optionalVarint(w, 4, event.droppedAttributes);
    });
  }
  optionalVarint(w, 12, span.droppedEvents);
  for (const link of span.links ?? []) w.message(13, () => writeLink(w, link));
  optionalVarint(w, 14, span.droppedLinks);
  if (span.statusCode !== 0 || span.statusMessage !== "") {
    w.message(15, () => {
      optionalString(w, 2, span.statusMessage);
      optionalVarint(w, 3, span.statusCode);
    });
  }
  if (span.flags !== undefined) w.fixed32(16, span.flags);
}

function writeLink(w: WireWriter, link: SpanLink): void {
  w.hex(1, link.traceId);
  w.hex(2, link.spanId);
  optionalString(w, 3, link.traceState);
  writeAttributes(w, 4, link.attributes);
  optionalVarint(w, 5, link.droppedAttributes);
  if (link.flags !== undefined) w.fixed32(6, link.flags);
}

function writeLog(w: WireWriter, log: LogRecord): void {
  if (log.timeNs !== 0n) w.fixed64(1, log.timeNs);
  optionalVarint(w, 2, log.severity);
  optionalString(w, 3, log.severityText);
  if (log.body !== null) w.message(5, () => writeValue(w, log.body, false));
  writeAttributes(w, 6, log.attributes);
  optionalVarint(w, 7, log.droppedAttributes);
  if (log.flags !== undefined) w.fixed32(8, log.flags);
  if (log.traceId !== "") w.hex(9, log.traceId);
  if (log.spanId !== "") w.hex(10, log.spanId);
  if (log.observedNs !== 0n) w.fixed64(11, log.observedNs);
  optionalString(w, 12, log.eventName);
}

export function writeAttributes(w: WireWriter, field: number, attributes: Attributes): void {
  for (const key in attributes) {
    w.message(field, () => {
      optionalString(w, 1, key);
      w.message(2, () => writeValue(w, attributes[key]!, isMarkedDouble(attributes, key)));
    });
  }
}

/** Members of a oneof are written even at their default: an empty text is not "no value". */
function writeValue(w: WireWriter, value: AttributeValue, asDouble: boolean): void {
  if (value === null) return;
  if (typeof value === "string") w.string(1, value);
  else if (typeof value === "boolean") w.varint(2, value ? 1 : 0);
  else if (typeof value === "number" || typeof value === "bigint") {
    if (typeof value === "number" && (asDouble || !isInt64(value))) w.double(4, value);
    else if (isInt64(value)) w.varint(3, value);
    else w.string(1, String(value));
  } else if (value instanceof Uint8Array) w.bytes(7, value);
  else if (Array.isArray(value)) w.message(5, () => writeArray(w, value));
  else w.message(6, () => writeAttributes(w, 1, value));
}

function writeArray(w: WireWriter, list: AttributeValue[]): void {
  const doubles = isMarkedDouble(list, "");
  for (const one of list) w.message(1, () => writeValue(w, one, doubles));
}

function optionalString(w: WireWriter, field: number, value: string | undefined): void {
  if (value !== undefined && value !== "") w.string(field, value);
}

function optionalVarint(w: WireWriter, field: number, value: number | undefined): void {
  if (value !== undefined && value !== 0) w.varint(field, value);
}
