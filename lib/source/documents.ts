/**
 * Lines of JSON -> the documents they are, whatever mixture of kinds: probe events and SLO events, bare or wrapped as {kind,
 * payload}; OTLP JSON requests; raw samples; fault samples. A bad line is counted, not thrown.
 */
import { IoError } from "../model/errors.ts";
import { quoteLongIntegers } from "../model/json.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import type { FaultSample, RawSample } from "../model/samples.ts";
import type { SloEvent } from "../model/slo_event.ts";
import type { Span } from "../model/span.ts";
import { decodeTraces } from "../otlp/mod.ts";

/** How a probe event is read; the reader lives in lib/export, which no other stage imports. */
export type ProbeReader = (line: string) => { readonly ok: true; readonly event: ProbeEvent } | {
  readonly ok: false;
  readonly reason: string;
};

export interface Documents {
  readonly probes: ProbeEvent[];
  readonly spans: Span[];
  readonly slo: SloEvent[];
  readonly raw: RawSample[];
  readonly faults: FaultSample[];
  /** Lines that are none of these, the first of them with its number; spans refused inside a good line count too. */
  refused: number;
  firstRefusal: string | null;
  /** The last line was cut short. */
  truncated: boolean;
  synthetic: boolean;
  replay: boolean;
}

/** Of documents that name theirs. */
const KNOWN_SCHEMAS = ["probe_event/v1alpha1", "probe_event/v1alpha2", "incident_attribution/v1.1", "incident/v1"];

export function emptyDocuments(): Documents {
  return {
    probes: [],
    spans: [],
    slo: [],
    raw: [],
    faults: [],
    refused: 0,
    firstRefusal: null,
    truncated: false,
    synthetic: false,
    replay: false,
  };
}

/**
 * Adds what `text` holds. @param name of the file, for messages
 * @throws IoError for a document of a schema version we do not know: what it means may have changed
 */
export function readDocuments(into: Documents, text: string, name: string, readProbe: ProbeReader): void {
  const lines = text.split("\n");
  lines.forEach((line, i) => {
    if (line.trim() === "") return;
    const reason = readLine(into, line, `"${name}": line ${i + 1}`, readProbe);
    if (reason === null) return;
    into.refused++;
    into.firstRefusal ??= `${name}, line ${i + 1}: ${reason}`;
    if (i === lines.length - 1 && reason === "not JSON") into.truncated = true;
  });
}

/** null when the line was taken, else why not. */
function readLine(into: Documents, line: string, place: string, readProbe: ProbeReader): string | null {
  let value: unknown;
  try {
    value = JSON.parse(quoteLongIntegers(line));
  } catch {
    return "not JSON";
  }
  if (!isRecord(value)) return "not an object";
  if (value.synthetic === true) into.synthetic = true;
  if (value.replay === true) into.replay = true;
  const wrapped = typeof value.kind === "string" && isRecord(value.payload);
  const document = wrapped ? value.payload as Record<string, unknown> : value;
  if (typeof document.schema === "string" && !KNOWN_SCHEMAS.includes(document.schema)) {
    throw new IoError(
      `Cannot read ${place} is of schema "${document.schema}", which this version does not know`,
      "Use a newer sloctl, or write the file with an older schema (--event-schema)",
    );
  }
  if ("ts_unix_nano" in document) return takeProbe(into, readProbe(line));
  if (Array.isArray(document.resourceSpans)) return takeSpans(into, wrapped ? JSON.stringify(document) : line);
  if (typeof document.sli_name === "string") {
    return take(into, into.slo, document, ["event_id", "timestamp"], ["sli_value"]);
  }
  if (isRecord(document.signals)) return takeFault(into, document);
  if ("ttft_ms" in document) return take(into, into.raw, document, ["timestamp", "request_id"], ["ttft_ms"]);
  return wrapped ? `kind "${value.kind}" is none we read` : "none of the documents we know";
}

function takeProbe(into: Documents, read: ReturnType<ProbeReader>): string | null {
  if (!read.ok) return read.reason;
  into.probes.push(read.event);
  const attributes = "attributes" in read.event ? read.event.attributes : undefined;
  if (attributes !== undefined && "synthetic" in attributes) into.synthetic = true;
  if (attributes !== undefined && "replay" in attributes) into.replay = true;
  return null;
}

function takeSpans(into: Documents, json: string): string | null {
  try {
    const { spans, rejected } = decodeTraces(new TextEncoder().encode(json), "json");
    into.spans.push(...spans);
    if (spans.some((span) => span.resource.synthetic === true)) into.synthetic = true;
    if (spans.some((span) => span.resource.replay === true)) into.replay = true;
    const [bad] = rejected;
    return bad === undefined ? null : `${bad[1]} spans with a bad ${bad[0]}`;
  } catch (error) {
    return (error as Error).message;
  }
}

function takeFault(into: Documents, document: Record<string, unknown>): string | null {
  for (const [name, value] of Object.entries(document.signals as object)) {
    if (typeof value !== "number" || !Number.isFinite(value)) return `signals.${name} is not a number`;
  }
  return take(into, into.faults, document, ["incident_id", "timestamp"], ["burn_rate"]);
}

function take<T>(
  into: Documents,
  list: T[],
  document: Record<string, unknown>,
  strings: readonly string[],
  numbers: readonly string[],
): string | null {
  for (const key of strings) if (typeof document[key] !== "string") return `${key} is not a string`;
  for (const key of numbers) {
    if (typeof document[key] !== "number" || !Number.isFinite(document[key])) return `${key} is not a number`;
  }
  if (Number.isNaN(Date.parse(document.timestamp as string))) return "timestamp is not a time";
  if (isRecord(document.labels) && document.labels.synthetic === "true") into.synthetic = true;
  list.push(document as T);
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
