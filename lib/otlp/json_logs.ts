/** ExportLogsServiceRequest, JSON encoding, to log records. */
import type { Origin } from "../model/span.ts";
import { walkJson } from "./json_envelope.ts";
import { integer, type Json, text, uint32, uint64 } from "./json_fields.ts";
import { readAnyValue, readAttributes } from "./json_values.ts";
import { type LogDraft, logDraft, LogTally } from "./log_tally.ts";

const NAMES = { resources: "resourceLogs", scopes: "scopeLogs", records: "logRecords" };

/** @throws DecodeError naming the member that is not what it must be. */
export function decodeLogsJson(body: Uint8Array): LogTally {
  const tally = new LogTally();
  walkJson(body, NAMES, tally, {
    read: (raw, origin) => tally.add(readLog(raw, origin, tally)),
    refuse: (error) => tally.reject(error.id ?? "field"),
  });
  return tally;
}

function readLog(json: Json, origin: Origin, tally: LogTally): LogDraft {
  const log = logDraft(origin);
  log.timeNs = uint64(json.timeUnixNano);
  log.observedNs = uint64(json.observedTimeUnixNano);
  log.severity = integer(json.severityNumber);
  log.severityText = text(json.severityText);
  log.eventName = text(json.eventName);
  log.body = readAnyValue(json.body, tally);
  log.attributes = readAttributes(json.attributes, tally);
  log.traceId = idText(json.traceId);
  log.spanId = idText(json.spanId);
  if (uint32(json.flags) !== 0) log.flags = uint32(json.flags);
  if (uint32(json.droppedAttributesCount) !== 0) log.droppedAttributes = uint32(json.droppedAttributesCount);
  return log;
}

/** An id that is no hex costs a log record its trace, not its life: it stays as it is, and is found too long or too short. */
function idText(value: unknown): string {
  const id = text(value);
  return /^[0-9a-fA-F]*$/.test(id) ? id.toLowerCase() : `bad ${id.slice(0, 8)}`;
}
