/** Spans and log records to export requests, JSON encoding: ids in hex, 64-bit integers in quotes, lowerCamelCase. */
import type { LogRecord } from "../model/log_record.ts";
import type { Attributes, AttributeValue, Origin, Span, SpanEvent, SpanLink } from "../model/span.ts";
import { isMarkedDouble } from "./doubles.ts";
import { groupRecords, isInt64 } from "./group.ts";

export function encodeTracesJson(spans: Iterable<Span>): string {
  return JSON.stringify({
    resourceSpans: envelopes(spans, (scope, records) => ({ ...scope, spans: records.map(spanToJson) })),
  });
}

export function encodeLogsJson(logs: Iterable<LogRecord>): string {
  return JSON.stringify({
    resourceLogs: envelopes(
      logs,
      (scope, records) => ({ ...scope, logRecords: records.map(logToJson) }),
      "scopeLogs",
    ),
  });
}

/** Members that are undefined leave no trace in the text. */
function envelopes<T extends Origin>(
  records: Iterable<T>,
  inner: (scope: object, records: readonly T[]) => object,
  scopesName = "scopeSpans",
): unknown[] {
  return groupRecords(records).map(({ resource, details, scopes }) => ({
    resource: { attributes: keyValues(resource), droppedAttributesCount: details.droppedAttributes },
    schemaUrl: details.schemaUrl,
    [scopesName]: scopes.map(({ name, details: { version, attributes, schemaUrl, droppedAttributes }, records }) => {
      const said = attributes === undefined ? undefined : keyValues(attributes);
      const scope = { name, version, attributes: said, droppedAttributesCount: droppedAttributes };
      return inner({ scope, schemaUrl }, records);
    }),
  }));
}

function spanToJson(span: Span): unknown {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    traceState: span.traceState,
    parentSpanId: span.parentSpanId === "" ? undefined : span.parentSpanId,
    flags: span.flags,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(span.startNs),
    endTimeUnixNano: String(span.endNs),
    attributes: keyValues(span.attributes),
    droppedAttributesCount: span.droppedAttributes,
    events: span.events.map(eventToJson),
    droppedEventsCount: span.droppedEvents,
    links: span.links?.map(linkToJson),
    droppedLinksCount: span.droppedLinks,
    status: { code: span.statusCode, message: span.statusMessage },
  };
}

function eventToJson(event: SpanEvent): unknown {
  return {
    timeUnixNano: String(event.timeNs),
    name: event.name,
    attributes: keyValues(event.attributes),
    droppedAttributesCount: event.droppedAttributes,
  };
}

function linkToJson({ traceId, spanId, traceState, attributes, droppedAttributes, flags }: SpanLink): unknown {
  return {
    traceId,
    spanId,
    traceState,
    attributes: keyValues(attributes),
    droppedAttributesCount: droppedAttributes,
    flags,
  };
}

function logToJson(log: LogRecord): unknown {
  return {
    timeUnixNano: String(log.timeNs),
    observedTimeUnixNano: String(log.observedNs),
    severityNumber: log.severity,
    severityText: log.severityText,
    eventName: log.eventName === "" ? undefined : log.eventName,
    body: anyValue(log.body, false),
    attributes: keyValues(log.attributes),
    droppedAttributesCount: log.droppedAttributes,
    flags: log.flags,
    traceId: log.traceId === "" ? undefined : log.traceId,
    spanId: log.spanId === "" ? undefined : log.spanId,
  };
}

function keyValues(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: anyValue(value, isMarkedDouble(attributes, key)),
  }));
}

function anyValue(value: AttributeValue, asDouble: boolean): unknown {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number" || typeof value === "bigint") {
    if (typeof value === "number" && (asDouble || !isInt64(value))) return { doubleValue: jsonDouble(value) };
    return isInt64(value) ? { intValue: String(value) } : { stringValue: String(value) };
  }
  if (value instanceof Uint8Array) return { bytesValue: value.toBase64() };
  if (Array.isArray(value)) {
    const doubles = isMarkedDouble(value, "");
    return { arrayValue: { values: value.map((one) => anyValue(one, doubles)) } };
  }
  return { kvlistValue: { values: keyValues(value) } };
}

/** The words of proto3 JSON for what JSON cannot say (`Infinity`, unlike our own documents, which say `+Inf`). */
function jsonDouble(value: number): number | string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? value : String(value);
}
