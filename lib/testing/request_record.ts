/** A record of a load run for tests, its instants in ms. */
import type { Outcome, RequestRecord } from "../model/request_record.ts";

export interface RequestSketch {
  readonly id?: number;
  readonly g?: number | null;
  readonly p?: number | null;
  readonly s?: number | null;
  readonly h?: number | null;
  readonly a?: number | null;
  readonly r1?: number | null;
  readonly t?: readonly number[];
  readonly e?: number | null;
  readonly complete?: boolean;
  readonly nOut?: number | null;
  readonly source?: RequestRecord["n_source"];
  readonly tTokens?: readonly number[] | null;
  readonly outcome?: Outcome;
  readonly error?: string | null;
  readonly slo?: Readonly<Record<string, number>>;
}

export function request(sketch: RequestSketch): RequestRecord {
  const { id = 0, t = [], outcome = "ok", nOut = null } = sketch;
  const ns = (ms: number | null | undefined) => ms === null || ms === undefined ? null : ms * 1e6;
  return {
    id,
    trace_id: String(id).padStart(32, "0"),
    span_id: String(id).padStart(16, "0"),
    g_ns: ns(sketch.g === undefined ? 0 : sketch.g),
    p_ns: ns(sketch.p === undefined ? sketch.g : sketch.p),
    s_ns: ns(sketch.s === undefined ? 0 : sketch.s),
    h_ns: ns(sketch.h),
    a_ns: ns(sketch.a),
    r1_ns: ns(sketch.r1),
    t_ns: t.map((ms) => ms * 1e6),
    t_tokens: sketch.tTokens ?? null,
    e_ns: ns(sketch.e),
    body_complete: sketch.complete ?? (sketch.e !== null && sketch.e !== undefined && outcome === "ok"),
    outcome,
    error_type: sketch.error ?? (outcome === "ok" ? null : outcome),
    error_detail: null,
    status: 200,
    n_in: null,
    n_out: nOut,
    n_source: sketch.source ?? (nOut === null ? null : "usage"),
    n_reasoning: null,
    n_cached: null,
    finish_reason: null,
    bytes_out: 0,
    bytes_in: 0,
    coalesced: 0,
    comments: 0,
    late_bytes: 0,
    flags: [],
    conn: 0,
    conn_reused: true,
    ...(sketch.slo !== undefined && { slo: sketch.slo }),
  };
}
