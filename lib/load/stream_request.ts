/** One streamed chat request, stamped at the client. Never tried again: a retry hides a failure. */
import type { Arrival } from "./schedule.ts";

export type Outcome = "ok" | "err" | "incomplete" | "cancelled" | "dropped";

/** Instants are absolute, on one clock; null where the instant never came. */
export interface RequestRecord {
  readonly id: number;
  readonly trace_id: string;
  /** Due, sent, headers, first event with choices, content chunks, end of body. */
  readonly g_ns: number;
  readonly s_ns: number | null;
  readonly h_ns: number | null;
  readonly a_ns: number | null;
  readonly t_ns: readonly number[];
  readonly e_ns: number | null;
  /** First content that is not reasoning. */
  readonly r1_ns: number | null;
  readonly outcome: Outcome;
  readonly error_type: string | null;
  readonly status: number;
  readonly n_in: number | null;
  readonly n_out: number | null;
  readonly n_source: "usage" | "chunks" | null;
  /** The HTTP client does not tell. */
  readonly conn_reused: boolean | null;
}

export interface Target {
  /** Full URL of a chat completions endpoint. */
  readonly url: string;
  readonly model: string;
  readonly timeoutMs: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly now: () => number;
  readonly stop: AbortSignal;
}

/** Longest single event, in characters. */
const MOST_EVENT = 1 << 20;

type Draft = { -readonly [K in keyof RequestRecord]: RequestRecord[K] } & { t_ns: number[] };

export function dropped(arrival: Arrival, gNs: number): RequestRecord {
  return { ...draft(arrival, gNs), outcome: "dropped", error_type: "max_in_flight" };
}

/** @param gNs when it was due, on the same clock as `target.now` */
export async function streamRequest(target: Target, arrival: Arrival, gNs: number): Promise<RequestRecord> {
  const record = draft(arrival, gNs);
  const timeout = AbortSignal.timeout(target.timeoutMs);
  record.s_ns = target.now();
  try {
    const response = await fetch(target.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        traceparent: `00-${arrival.trace_id}-${arrival.span_id}-01`,
        ...target.headers,
      },
      body: JSON.stringify({
        model: target.model,
        stream: true,
        stream_options: { include_usage: true },
        max_tokens: arrival.n_out,
        messages: [{ role: "user", content: question(arrival) }],
      }),
      signal: AbortSignal.any([target.stop, timeout]),
    });
    record.h_ns = target.now();
    record.status = response.status;
    if (!response.ok || !/^text\/event-stream/.test(response.headers.get("content-type") ?? "")) {
      await response.body?.cancel();
      record.error_type = response.ok ? "not_a_stream" : `http_${response.status}`;
    } else await readStream(response, record, target.now);
  } catch {
    record.error_type = target.stop.aborted ? "cancelled" : timeout.aborted ? "timeout" : "connection";
  }
  record.e_ns = target.now();
  record.outcome = outcome(record);
  if (record.n_source === null && record.t_ns.length > 0) {
    record.n_out = record.t_ns.length;
    record.n_source = "chunks";
  }
  return record;
}

function outcome({ error_type, t_ns }: Draft): Outcome {
  if (error_type === null) return "ok";
  if (error_type === "cancelled") return "cancelled";
  return t_ns.length > 0 ? "incomplete" : "err";
}

async function readStream(response: Response, record: Draft, now: () => number): Promise<void> {
  const decoder = new TextDecoder();
  let text = "";
  let finished = false;
  for await (const bytes of response.body ?? []) {
    const atNs = now();
    text += decoder.decode(bytes, { stream: true });
    const events = text.split(/\r?\n\r?\n/);
    text = events.pop()!;
    if (text.length > MOST_EVENT) {
      record.error_type = "event_too_large";
      return;
    }
    for (const event of events) {
      const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:")).map((line) =>
        line.slice(5).replace(/^ /, "")
      ).join("\n");
      if (data === "") continue;
      if (data === "[DONE]") finished = true;
      else if (!finished && !takeEvent(data, record, atNs)) return;
    }
  }
  if (!finished) record.error_type = "no_done";
}

/** False when the event ends the request as an error. */
function takeEvent(data: string, record: Draft, atNs: number): boolean {
  let event: {
    error?: { type?: string };
    usage?: { prompt_tokens?: number; completion_tokens?: number } | null;
    choices?: { delta?: { content?: string | null; reasoning_content?: string | null } }[];
  };
  try {
    event = JSON.parse(data);
  } catch {
    record.error_type = "bad_event";
    return false;
  }
  if (event.error !== undefined) {
    record.error_type = event.error.type ?? "error_event";
    return false;
  }
  const [choice] = event.choices ?? [];
  if (event.choices !== undefined && event.choices.length > 0) record.a_ns ??= atNs;
  if (choice?.delta?.content) record.r1_ns ??= atNs;
  if (choice?.delta?.content || choice?.delta?.reasoning_content) record.t_ns.push(atNs);
  if (typeof event.usage?.completion_tokens === "number") {
    record.n_out = event.usage.completion_tokens;
    record.n_in = event.usage.prompt_tokens ?? null;
    record.n_source = "usage";
  }
  return true;
}

function draft(arrival: Arrival, gNs: number): Draft {
  return {
    id: arrival.id,
    trace_id: arrival.trace_id,
    g_ns: gNs,
    s_ns: null,
    h_ns: null,
    a_ns: null,
    t_ns: [],
    e_ns: null,
    r1_ns: null,
    outcome: "err",
    error_type: null,
    status: 0,
    n_in: null,
    n_out: null,
    n_source: null,
    conn_reused: null,
  };
}

const WORDS = "why does the first token come late when the queue is long and the cache is cold".split(" ");

/** As many words as asked for; the number first, so that no two share a prefix. */
function question({ id, n_in }: Arrival): string {
  return [`${id}:`, ...Array.from({ length: Math.max(1, n_in - 1) }, (_, i) => WORDS[(id + i) % WORDS.length])].join(
    " ",
  );
}
