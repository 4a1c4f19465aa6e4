/** One arrival on its way: from the moment it was looked at until its record is written. */
import type { RequestRecord } from "../model/request_record.ts";
import type { Arrival } from "./arrival.ts";
import type { LoopRecord } from "./record_log.ts";
import type { Api, Failure } from "./reply.ts";
import { Reply } from "./reply.ts";

/** Of its `traceparent`. */
export interface RequestIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** The request as bytes, and the ids it carries. */
export interface RequestBytes extends RequestIds {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class Exchange {
  readonly reply: Reply;
  sNs: number | null = null;
  /** Last read, or the sending. */
  activeNs = 0;
  conn: number | null = null;
  reused: boolean | null = null;

  constructor(
    readonly arrival: Arrival,
    readonly request: RequestBytes,
    readonly gNs: number | null,
    readonly pNs: number,
    api: Api,
    keepText: boolean,
    bodiless: boolean,
  ) {
    this.reply = new Reply(api, keepText, bodiless);
  }

  /** Once its reply is over, at `eNs`. */
  record(eNs: number): LoopRecord {
    const { reply, arrival, request } = this;
    const { content } = reply;
    const { outcome, failure, flags } = reply.outcome();
    const counted = content.nOut !== null;
    const chunks = content.tNs.length;
    const retryAfter = reply.header("retry-after");
    const location = reply.header("location");
    const body = reply.errorBody;
    return {
      id: arrival.id,
      trace_id: request.traceId,
      span_id: request.spanId,
      g_ns: this.gNs,
      p_ns: this.pNs,
      s_ns: this.sNs,
      h_ns: reply.hNs,
      a_ns: content.aNs,
      r1_ns: content.r1Ns,
      t_ns: content.tNs,
      t_tokens: content.tTokens,
      e_ns: eNs,
      body_complete: reply.bodyComplete,
      outcome,
      error_type: failure?.type ?? null,
      error_detail: failure?.detail ?? null,
      status: reply.status,
      n_in: content.nIn,
      n_out: counted ? content.nOut : chunks > 0 ? chunks : null,
      n_source: counted ? "usage" : chunks > 0 ? "chunks" : null,
      n_reasoning: content.nReasoning,
      n_cached: content.nCached,
      finish_reason: content.finishReason,
      bytes_out: this.sNs === null ? 0 : request.bytes.length,
      bytes_in: reply.bytes,
      coalesced: reply.coalesced,
      comments: reply.comments,
      late_bytes: reply.lateBytes,
      flags,
      conn: this.conn,
      conn_reused: this.reused,
      ...(retryAfter !== undefined && { retry_after: retryAfter }),
      ...(location !== undefined && { location }),
      ...(body !== undefined && { body }),
      ...(content.text !== "" && { text: content.text }),
    };
  }
}

/** An arrival that was never sent. */
export function unsent(
  arrival: Arrival,
  ids: RequestIds,
  at: { readonly gNs: number | null; readonly pNs: number | null },
  outcome: "dropped" | "cancelled",
  failure: Failure,
): RequestRecord {
  return {
    id: arrival.id,
    trace_id: ids.traceId,
    span_id: ids.spanId,
    g_ns: at.gNs,
    p_ns: at.pNs,
    s_ns: null,
    h_ns: null,
    a_ns: null,
    r1_ns: null,
    t_ns: [],
    t_tokens: null,
    e_ns: null,
    body_complete: false,
    outcome,
    error_type: failure.type,
    error_detail: failure.detail,
    status: 0,
    n_in: null,
    n_out: null,
    n_source: null,
    n_reasoning: null,
    n_cached: null,
    finish_reason: null,
    bytes_out: 0,
    bytes_in: 0,
    coalesced: 0,
    comments: 0,
    late_bytes: 0,
    flags: [],
    conn: null,
    conn_reused: null,
  };
}
