/** ProbeEvents as OpenTelemetry log records, both ways: how an agent sends them to a collector. */
import { toJson } from "../model/json.ts";
import type { LogRecord } from "../model/log_record.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import type { Attributes, AttributeValue } from "../model/span.ts";
import { parseProbeEvent } from "./probe_event_json.ts";

/** `event_name` of such a record. */
export const PROBE_EVENT_NAME = "llm_slo.probe_event";

const SEVERITY = { ok: 9, warning: 13, error: 17 } as const;
const SEVERITY_TEXT = { ok: "INFO", warning: "WARN", error: "ERROR" } as const;

/** The document is the body, as text: no digit of a time and no key is lost, whatever is in between. @param observedNs Unix ns */
export function probeEventLog(probe: ProbeEvent, resource: Attributes, observedNs: bigint): LogRecord {
  return {
    resource,
    scope: "sloctl",
    timeNs: probe.ts_unix_nano,
    observedNs,
    severity: SEVERITY[probe.status],
    severityText: SEVERITY_TEXT[probe.status],
    eventName: PROBE_EVENT_NAME,
    body: toJson(probe),
    attributes: {},
    traceId: probe.trace_id ?? "",
    spanId: probe.span_id ?? "",
  };
}

/**
 * The ProbeEvent a record holds: its body as text or as a map, or its attributes. null where it holds none; a text where it means to hold
 * one, and why it does not.
 */
export function probeEventOf(log: LogRecord): ProbeEvent | string | null {
  const json = documentOf(log);
  if (json === null) return log.eventName === PROBE_EVENT_NAME ? "the body is no document" : null;
  const parsed = parseProbeEvent(json);
  if (!parsed.ok) return parsed.reason;
  const { event } = parsed;
  // What the record says about its trace is as good as what the document says.
  if (log.traceId === "" || event.trace_id !== undefined) return event;
  return { ...event, trace_id: log.traceId, ...(log.spanId === "" ? {} : { span_id: log.spanId }) };
}

function documentOf({ body, attributes }: LogRecord): string | null {
  if (typeof body === "string") return body.startsWith("{") && body.includes('"ts_unix_nano"') ? body : null;
  for (const map of [body, attributes]) {
    if (isMap(map) && map.ts_unix_nano !== undefined && map.signal !== undefined) return toJson(plain(map));
  }
  return null;
}

function isMap(value: AttributeValue | Attributes): value is Record<string, AttributeValue> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A time may come as text, for senders whose integers end at 2^53. */
function plain(map: Readonly<Record<string, AttributeValue>>): Record<string, AttributeValue> {
  const { ts_unix_nano: time } = map;
  return typeof time === "string" && /^\d{1,19}$/.test(time) ? { ...map, ts_unix_nano: BigInt(time) } : { ...map };
}
