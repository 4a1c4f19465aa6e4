/** The formulas behind the ids of definitions.ts, as functions of one request. Pure. */
import type { RequestRecord } from "./request_record.ts";

type Instant = number | null | undefined;

/** ms from one instant to another; empty when either never came. */
function span(to: Instant, from: Instant): readonly number[] {
  return to === null || to === undefined || from === null || from === undefined ? [] : [(to - from) / 1e6];
}

function divided(values: readonly number[], by: number | null, least: number): readonly number[] {
  return by === null || by < least ? [] : values.map((value) => value / by);
}

const first = (r: RequestRecord): Instant => r.t_ns[0];
const last = (r: RequestRecord): Instant => r.t_ns[r.t_ns.length - 1];
const bodyEnd = (r: RequestRecord): Instant => r.body_complete ? r.e_ns : null;

function gaps(r: RequestRecord): number[] {
  const values: number[] = [];
  for (let i = 1; i < r.t_ns.length; i++) values.push((r.t_ns[i]! - r.t_ns[i - 1]!) / 1e6);
  return values;
}

/** Tokens of each chunk: as told, or one each where as many were counted as chunks came. */
function chunkTokens(r: RequestRecord): readonly number[] | null {
  if (r.t_tokens !== null) return r.t_tokens;
  return r.n_source !== "chunks" && r.n_out === r.t_ns.length ? r.t_ns.map(() => 1) : null;
}

/** Every token at the stamp of its chunk: zeros inside a chunk. */
function tokenFlat(r: RequestRecord): number[] {
  const tokens = chunkTokens(r);
  if (tokens === null || r.t_ns.length < 2) return [];
  const stamps = r.t_ns.flatMap((t, i) => Array.from({ length: tokens[i]! }, () => t));
  return stamps.slice(1).map((t, i) => (t - stamps[i]!) / 1e6);
}

function perToken(r: RequestRecord): number[] {
  const tokens = chunkTokens(r);
  if (tokens === null) return [];
  return gaps(r).flatMap((gap, i) => tokens[i + 1]! > 0 ? [gap / tokens[i + 1]!] : []);
}

const decode = (r: RequestRecord) => divided(span(last(r), first(r)), r.n_out === null ? null : r.n_out - 1, 1);

const FORMULAS: Readonly<Record<string, (r: RequestRecord) => readonly number[]>> = {
  "lag.schedule": (r) => span(r.s_ns, r.g_ns),
  "ttfb.headers.from_send": (r) => span(r.h_ns, r.s_ns),
  "ttfb.headers.from_schedule": (r) => span(r.h_ns, r.g_ns),
  "ttft.choice.from_send": (r) => span(r.a_ns, r.s_ns),
  "ttft.choice.from_schedule": (r) => span(r.a_ns, r.g_ns),
  "ttft.content.from_send": (r) => span(first(r), r.s_ns),
  "ttft.content.from_schedule": (r) => span(first(r), r.g_ns),
  "ttfo.answer.from_send": (r) => span(r.r1_ns, r.s_ns),
  "ttfo.answer.from_schedule": (r) => span(r.r1_ns, r.g_ns),
  "ttst.chunk": (r) => span(r.t_ns[1], first(r)),
  "tpot.decode": decode,
  "tpot.whole.from_send": (r) => divided(span(last(r), r.s_ns), r.n_out, 1),
  "ntpot.body.from_send": (r) => divided(span(bodyEnd(r), r.s_ns), r.n_out, 1),
  "gap.chunk": gaps,
  "gap.token_flat": tokenFlat,
  "gap.per_token": perToken,
  "gap.max": (r) => r.t_ns.length < 2 ? [] : [gaps(r).reduce((most, gap) => Math.max(most, gap), 0)],
  "e2e.content.from_send": (r) => span(last(r), r.s_ns),
  "e2e.content.from_schedule": (r) => span(last(r), r.g_ns),
  "e2e.body.from_send": (r) => span(bodyEnd(r), r.s_ns),
  "e2e.body.from_schedule": (r) => span(bodyEnd(r), r.g_ns),
  "speed.user": (r) => decode(r).filter((value) => value > 0).map((value) => 1000 / value),
  "speed.request": (r) =>
    span(last(r), r.s_ns).flatMap((ms) => r.n_out === null || r.n_out < 1 || !(ms > 0) ? [] : [r.n_out / (ms / 1000)]),
  "duration.from_send": (r) => span(r.e_ns, r.s_ns),
  "duration.from_schedule": (r) => span(r.e_ns, r.g_ns),
};

/**
 * Values of one definition of REQUEST_DEFINITIONS for one request, in the definition's unit: one, several (gaps), or none
 * where the definition is undefined for it. Undefined is never zero. @throws RangeError for an id without a formula
 */
export function measure(id: string, record: RequestRecord): readonly number[] {
  const formula = FORMULAS[id];
  if (formula === undefined) throw new RangeError(`Cannot measure "${id}": no formula is known by this id`);
  return formula(record);
}
