/** Documents as entries of a store: what they are found by. */
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { LogRecord } from "../model/log_record.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import type { SloEvent } from "../model/slo_event.ts";
import type { Span } from "../model/span.ts";
import { parseTimeNs } from "../model/time.ts";
import type { NewEntry, Severity } from "./store.ts";

/** OpenTelemetry's severity numbers from which on a log warns, and reports an error. */
const WARN = 13;
const ERROR = 17;

/** @param bytes about what it took on the wire */
export function spanEntry(span: Span, bytes: number): NewEntry {
  const { traceId, spanId } = span;
  const failed = span.statusCode === 2 || span.attributes["error.type"] !== undefined;
  return {
    kind: "span",
    document: span,
    timeNs: span.endNs,
    traceId,
    spanId,
    service: textOf(span.resource["service.name"]),
    severity: failed ? "error" : "ok",
    id: spanId,
    bytes,
  };
}

export function logEntry(log: LogRecord, bytes: number): NewEntry {
  return {
    kind: "log",
    document: log,
    timeNs: log.timeNs,
    traceId: log.traceId,
    spanId: log.spanId,
    service: textOf(log.resource["service.name"]),
    severity: log.severity >= ERROR ? "error" : log.severity >= WARN ? "warning" : "ok",
    id: "",
    bytes,
  };
}

export function probeEntry(probe: ProbeEvent, bytes: number): NewEntry {
  return {
    kind: "probe",
    document: probe,
    timeNs: probe.ts_unix_nano,
    traceId: probe.trace_id ?? "",
    spanId: probe.span_id ?? "",
    service: "",
    severity: probe.status,
    id: "",
    bytes,
  };
}

const OF_SLO: Readonly<Record<SloEvent["status"], Severity>> = { ok: "ok", warning: "warning", breach: "error" };

export function sloEntry(event: SloEvent, bytes: number): NewEntry {
  return {
    kind: "slo",
    document: event,
    timeNs: parseTimeNs(event.timestamp) ?? 0n,
    traceId: event.trace_id ?? "",
    spanId: "",
    service: event.service,
    severity: OF_SLO[event.status],
    id: event.event_id,
    bytes,
  };
}

export function incidentEntry(incident: IncidentAttribution, bytes: number): NewEntry {
  return {
    kind: "incident",
    document: incident,
    timeNs: parseTimeNs(incident.timestamp) ?? 0n,
    traceId: "",
    spanId: "",
    service: incident.service,
    severity: "error",
    id: incident.incident_id,
    bytes,
  };
}

/** A span's start; of anything else the moment it happened. Unix nanoseconds. */
export function beganNs(entry: NewEntry): bigint {
  return entry.kind === "span" ? entry.document.startNs : entry.timeNs;
}

/** Rounded down. */
export function millisOf(ns: bigint): number {
  return Number(ns / 1_000_000n);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
