/** Labelled pairs of a span and a signal, one a line: what a correlator should have joined, and what not. */
import { IoError } from "../model/errors.ts";
import { parseTimeNs } from "../model/time.ts";

export interface PairSide {
  readonly traceId: string;
  readonly service: string;
  readonly node: string;
  readonly pod: string;
  readonly pid: number;
  /** `src_ip:src_port->dst_ip:dst_port`, or "". */
  readonly conn: string;
  readonly timeNs: bigint;
  /** Of a span of which more than a moment is known; else equal to `timeNs`. */
  readonly endNs: bigint;
  /** Sides of one group with the same id are the same span, or the same signal; "": each is one of its own. */
  readonly id: string;
  readonly parentSpanId: string | null;
}

export interface LabelledPair {
  readonly caseId: string;
  readonly span: PairSide;
  readonly signal: PairSide;
  readonly expectedMatch: boolean;
  readonly expectedTier: string | null;
  /** Pairs of one group compete with one another; null: judged alone. */
  readonly group: string | null;
  /** What kind of case it is; null: it does not say. */
  readonly subset: string | null;
}

/** Of lines that name theirs. */
const SCHEMA = "labelled_pair/v1";

/** @throws IoError naming the line that is no labelled pair: ground truth is not to be guessed at */
export function parseLabelledPairs(text: string, name: string): LabelledPair[] {
  const pairs = text.split("\n").flatMap((line, i): LabelledPair[] => {
    if (line.trim() === "") return [];
    const refuse = (what: string) =>
      new IoError(
        `Cannot read "${name}": line ${i + 1}: ${what}`,
        "Give labelled pairs: case_id, span, signal, expected_match",
      );
    let value: Record<string, unknown> | null;
    try {
      value = JSON.parse(line);
    } catch {
      throw refuse("not JSON");
    }
    if (typeof value !== "object" || value === null) throw refuse("not an object");
    const { case_id, expected_match, expected_tier, group, subset, schema } = value;
    if (schema !== undefined && schema !== SCHEMA) {
      throw refuse(`of schema "${schema}", which this version does not know`);
    }
    if (typeof case_id !== "string") throw refuse("case_id is not a string");
    if (typeof expected_match !== "boolean") throw refuse("expected_match is neither true nor false");
    return [{
      caseId: case_id,
      span: side(value.span, "span", refuse),
      signal: side(value.signal, "signal", refuse),
      expectedMatch: expected_match,
      expectedTier: typeof expected_tier === "string" && expected_tier !== "" ? tierName(expected_tier) : null,
      group: typeof group === "string" || typeof group === "number" ? String(group) : null,
      subset: typeof subset === "string" && subset !== "" ? subset : null,
    }];
  });
  if (pairs.length === 0) throw new IoError(`Cannot read "${name}": it is empty`, "Give labelled pairs, one a line");
  return pairs;
}

/** The last tier is known under two names. */
function tierName(tier: string): string {
  return tier === "service_node_500ms" ? "svc_node_500ms" : tier;
}

function side(value: unknown, which: string, refuse: (what: string) => IoError): PairSide {
  if (typeof value !== "object" || value === null) throw refuse(`${which} is not an object`);
  const fields = value as Readonly<Record<string, unknown>>;
  const text = (key: string) => typeof fields[key] === "string" ? fields[key] as string : "";
  const timeNs = parseTimeNs(text("timestamp"));
  if (timeNs === null) throw refuse(`${which}.timestamp is no RFC 3339 time`);
  const endNs = text("end_timestamp") === "" ? timeNs : parseTimeNs(text("end_timestamp"));
  if (endNs === null || endNs < timeNs) throw refuse(`${which}.end_timestamp is no RFC 3339 time after its timestamp`);
  return {
    endNs,
    id: text("span_id") || text("event_id"),
    parentSpanId: typeof fields.parent_span_id === "string" ? fields.parent_span_id : null,
    traceId: text("trace_id"),
    service: text("service"),
    node: text("node"),
    pod: text("pod"),
    pid: typeof fields.pid === "number" ? fields.pid : 0,
    conn: connText(fields.conn_tuple),
    timeNs,
  };
}

function connText(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  const { src_ip, src_port, dst_ip, dst_port } = value as Readonly<Record<string, unknown>>;
  return src_ip && dst_ip ? `${src_ip}:${src_port}->${dst_ip}:${dst_port}` : "";
}
