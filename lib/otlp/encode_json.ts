/** Spans to ExportTraceServiceRequest, JSON encoding: ids in hex, 64-bit integers in quotes, lowerCamelCase. */
import type { Attributes, AttributeValue, Span } from "../model/span.ts";
import { groupSpans, isInt64 } from "./group.ts";

export function encodeTracesJson(spans: Iterable<Span>): string {
  return JSON.stringify({
    resourceSpans: groupSpans(spans).map((group) => ({
      resource: { attributes: keyValues(group.resource) },
      scopeSpans: [...group.scopes].map(([name, members]) => ({ scope: { name }, spans: members.map(spanToJson) })),
    })),
  });
}

function spanToJson(span: Span): unknown {
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId === "" ? undefined : span.parentSpanId,
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: String(span.startNs),
    endTimeUnixNano: String(span.endNs),
    attributes: keyValues(span.attributes),
    events: span.events.map((event) => ({
      timeUnixNano: String(event.timeNs),
      name: event.name,
      attributes: keyValues(event.attributes),
    })),
    status: { code: span.statusCode, message: span.statusMessage },
  };
}

function keyValues(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: AttributeValue): unknown {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number" || typeof value === "bigint") {
    if (isInt64(value)) return { intValue: String(value) };
    return typeof value === "number" ? { doubleValue: jsonDouble(value) } : { stringValue: String(value) };
  }
  if (value instanceof Uint8Array) return { bytesValue: value.toBase64() };
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: keyValues(value) } };
}

/** The words of proto3 JSON for what JSON cannot say (`Infinity`, unlike our own documents, which say `+Inf`). */
function jsonDouble(value: number): number | string {
  if (Object.is(value, -0)) return "-0";
  return Number.isFinite(value) ? value : String(value);
}
