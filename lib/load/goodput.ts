/**
 * Goodput: a request is good when all criteria hold for it. Every planned arrival counts, but for those the scenario itself hung up
 * before they were late. Pure.
 */
import { measure } from "../model/measure.ts";
import type { RequestRecord } from "../model/request_record.ts";

export interface Criterion {
  /** A definition id. */
  readonly def: string;
  /** Equality is good. */
  readonly limit: "<=" | ">=";
  readonly value: number;
}

/** How other tools decide at the edges, for migration; ours is the default. */
export const EDGES = ["sloctl", "vllm", "aiperf", "inference-perf"] as const;
export type Edges = typeof EDGES[number];

/** One token has no time per token: left to the other criteria, taken as 0 (good), or bad. */
const SINGLE: Readonly<Record<Edges, "na" | "good" | "bad">> = {
  sloctl: "na",
  vllm: "good",
  aiperf: "bad",
  "inference-perf": "bad",
};

/** Definitions that need two tokens or two chunks. */
const NEEDS_TWO = new Set([
  "ttst.chunk",
  "tpot.decode",
  "gap.chunk",
  "gap.token_flat",
  "gap.per_token",
  "gap.max",
  "speed.user",
]);

export interface Judged {
  /** `na`: no criterion applies. `excluded`: hung up by the scenario, or by the end of the run, before it was late. */
  readonly verdict: "good" | "bad" | "na" | "excluded";
  /** Criteria whose value should have been there and was not; criteria that do not apply. */
  readonly missing: number;
  readonly na: number;
}

const BAD: Judged = { verdict: "bad", missing: 0, na: 0 };

export function judge(record: RequestRecord, criteria: readonly Criterion[], edges: Edges = "sloctl"): Judged {
  if (record.outcome === "cancelled") {
    return criteria.some((criterion) => alreadyLate(record, criterion)) ? BAD : { ...BAD, verdict: "excluded" };
  }
  if (record.outcome !== "ok") return BAD;
  let [missing, na, missed] = [0, 0, 0];
  for (const criterion of criteria) {
    const values = measure(criterion.def, record);
    if (values.length > 0) {
      if (!values.every((value) => holds(own(criterion, record), value))) missed++;
    } else if (
      NEEDS_TWO.has(criterion.def) && (record.n_out === 1 || record.n_out === null && record.t_ns.length === 1)
    ) {
      if (SINGLE[edges] === "na") na++;
      else if (SINGLE[edges] === "bad") missed++;
    } else missing++;
  }
  if (missed + missing > 0) return { verdict: "bad", missing, na };
  return { verdict: na === criteria.length ? "na" : "good", missing, na };
}

export interface Goodput {
  readonly edges: Edges;
  readonly good: number;
  readonly bad: number;
  readonly excluded: number;
  readonly na: number;
  readonly missing: number;
  /** good / (good + bad); null when nothing was judged. The one that is gated. */
  readonly fraction: number | null;
  /** good / ok, for comparison. */
  readonly fraction_ok_only: number | null;
  /** A second. */
  readonly rate: number;
  /** Tokens of good requests a second. */
  readonly tokens: number;
}

export function goodput(
  records: readonly RequestRecord[],
  criteria: readonly Criterion[],
  seconds: number,
  edges: Edges = "sloctl",
): Goodput {
  const sums = { good: 0, bad: 0, excluded: 0, na: 0, missing: 0, tokens: 0, okNa: 0 };
  let ok = 0;
  for (const record of records) {
    if (record.outcome === "ok") ok++;
    else if (edges === "inference-perf") continue; // it judges successes alone
    const judged = judge(record, criteria, edges);
    sums[judged.verdict]++;
    sums.missing += judged.missing;
    if (judged.verdict === "na") sums.okNa++;
    if (judged.verdict === "good") sums.tokens += record.n_out ?? 0;
  }
  const { good, bad, excluded, na, missing, tokens, okNa } = sums;
  return {
    edges,
    good,
    bad,
    excluded,
    na,
    missing,
    fraction: good + bad === 0 ? null : good / (good + bad),
    fraction_ok_only: ok - okNa === 0 ? null : good / (ok - okNa),
    rate: good / seconds,
    tokens: tokens / seconds,
  };
}

/** A threshold the request carried itself goes before the common one. */
function own(criterion: Criterion, record: RequestRecord): Criterion {
  const value = record.slo?.[criterion.def];
  return value === undefined ? criterion : { ...criterion, value };
}

function holds({ limit, value }: Criterion, measured: number): boolean {
  return limit === "<=" ? measured <= value : measured >= value;
}

/** A request that was hung up is bad when a limit on time had passed before: of what came, and of what had not come yet. */
function alreadyLate(record: RequestRecord, criterion: Criterion): boolean {
  const limit = own(criterion, record);
  if (limit.limit !== "<=") return false;
  const values = measure(limit.def, record);
  if (values.length > 0) return !values.every((value) => holds(limit, value));
  const origin = limit.def.endsWith(".from_schedule")
    ? record.g_ns
    : limit.def.endsWith(".from_send")
    ? record.s_ns
    : null;
  return origin !== null && record.e_ns !== null && (record.e_ns - origin) / 1e6 > limit.value;
}
