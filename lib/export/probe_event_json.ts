/** ProbeEvent <-> one JSON line. Nanoseconds since 1970 do not fit a double, so `ts_unix_nano` is written and read as digits. */
import { toJson } from "../model/json.ts";
import type { ProbeEvent } from "../model/probe_event.ts";

const FIRST_KEY = '{"ts_unix_nano":';

/** One line without its newline; `ts_unix_nano` is a bare integer. */
export function serializeProbeEvent(event: ProbeEvent): string {
  // A replacer is called for every member, and costs three times the rest: only the stamp is no JSON, and it comes first.
  const text = JSON.stringify({ ...event, ts_unix_nano: 0 });
  if (!text.startsWith(`${FIRST_KEY}0,`) || text.includes(":null")) return toJson(event); // NaN has become null
  return `${FIRST_KEY}${event.ts_unix_nano}${text.slice(FIRST_KEY.length + 1)}`;
}

/** A line that is no ProbeEvent is a value to count, not an exception. */
export type Parsed = { readonly ok: true; readonly event: ProbeEvent } | {
  readonly ok: false;
  readonly reason: string;
};

/** The third argument of a reviver (ES2025) carries the digits as they stood in the text. */
type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
const parseWithSource = JSON.parse as (text: string, reviver: SourceReviver) => unknown;

const STRINGS = ["signal", "node", "namespace", "pod", "container", "unit"];
const STATUS = ["ok", "warning", "error"];

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function integerDigits(key: string, value: unknown, context: { readonly source?: string }): unknown {
  const exact = key === "ts_unix_nano" && typeof value === "number" && /^-?\d+$/.test(context.source ?? "");
  return exact ? BigInt(context.source ?? 0) : value;
}

/** What is wrong with the required keys and the types of the optional ones; undefined when nothing is. */
function complaint(doc: Record<string, unknown>): string | undefined {
  if (typeof doc.ts_unix_nano !== "bigint") return "ts_unix_nano is not an integer";
  for (const key of STRINGS) if (typeof doc[key] !== "string") return `${key} is not a string`;
  for (const key of ["pid", "tid"]) if (!Number.isInteger(doc[key])) return `${key} is not an integer`;
  if (typeof doc.value !== "number") return "value is not a number";
  if (!STATUS.includes(String(doc.status))) return "status is none of ok, warning, error";
  for (const key of ["conn_tuple", "process", "attributes", "histogram"]) {
    if (doc[key] !== undefined && !isRecord(doc[key])) return `${key} is not an object`;
  }
  for (const key of ["trace_id", "span_id", "schema", "cgroup"]) {
    if (doc[key] !== undefined && typeof doc[key] !== "string") return `${key} is not a string`;
  }
  for (const key of ["errno", "confidence", "netns"]) {
    if (doc[key] !== undefined && typeof doc[key] !== "number") return `${key} is not a number`;
  }
  return undefined;
}

/**
 * Reads one line of either version, bare or wrapped as {`kind`: "probe", `payload`}. Keys it does not know are kept.
 * Whether a document keeps to its schema to the letter is the schema validator's question.
 */
export function parseProbeEvent(line: string): Parsed {
  let doc: unknown;
  try {
    doc = parseWithSource(line, integerDigits);
  } catch {
    return { ok: false, reason: "not JSON" };
  }
  if (isRecord(doc) && doc.kind === "probe" && doc.payload !== undefined) doc = doc.payload;
  if (!isRecord(doc)) return { ok: false, reason: "not an object" };
  const reason = complaint(doc);
  return reason === undefined ? { ok: true, event: doc as unknown as ProbeEvent } : { ok: false, reason };
}
