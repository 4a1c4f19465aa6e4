/** Records of a load run -> its figures, each with its definition, statistic, rule, population and count. Pure. */
import { mean, quantile } from "../stats/describe.ts";
import type { RequestRecord } from "./stream_request.ts";

export interface Figure {
  readonly value: number;
  readonly unit: "ms" | "tokens/s";
  /** Id of the formula; a changed formula is a new id. */
  readonly def: string;
  readonly stat: string;
  readonly rule: "linear";
  readonly over: "ok";
  readonly n: number;
}

const STATS: readonly [string, (values: readonly number[]) => number][] = [
  ["mean", mean],
  ["min", (values) => quantile(values, 0)],
  ["p50", (values) => quantile(values, 0.5)],
  ["p90", (values) => quantile(values, 0.9)],
  ["p95", (values) => quantile(values, 0.95)],
  ["p99", (values) => quantile(values, 0.99)],
  ["max", (values) => quantile(values, 1)],
];

type Formula = (r: RequestRecord) => readonly (number | null)[];

const span = (to: number | null | undefined, from: number | null) =>
  to === null || to === undefined || from === null ? [null] : [(to - from) / 1e6];
const last = (r: RequestRecord) => r.t_ns.at(-1);

const FORMULAS: Readonly<Record<string, Formula>> = {
  "lag.schedule": (r) => span(r.s_ns, r.g_ns),
  "ttfb.headers.from_send": (r) => span(r.h_ns, r.s_ns),
  "ttfb.headers.from_schedule": (r) => span(r.h_ns, r.g_ns),
  "ttft.choice.from_send": (r) => span(r.a_ns, r.s_ns),
  "ttft.choice.from_schedule": (r) => span(r.a_ns, r.g_ns),
  "ttft.content.from_send": (r) => span(r.t_ns[0], r.s_ns),
  "ttft.content.from_schedule": (r) => span(r.t_ns[0], r.g_ns),
  "ttst.chunk": (r) => span(r.t_ns[1], r.t_ns[0] ?? null),
  "tpot.decode": (r) =>
    r.n_out === null || r.n_out < 2 || r.t_ns.length === 0 ? [null] : [(last(r)! - r.t_ns[0]!) / 1e6 / (r.n_out - 1)],
  "gap.chunk": (r) => r.t_ns.slice(1).map((t, i) => (t - r.t_ns[i]!) / 1e6),
  "gap.max": (r) => r.t_ns.length < 2 ? [null] : [Math.max(...r.t_ns.slice(1).map((t, i) => (t - r.t_ns[i]!) / 1e6))],
  "e2e.content.from_send": (r) => span(last(r), r.s_ns),
  "e2e.content.from_schedule": (r) => span(last(r), r.g_ns),
  "e2e.body.from_send": (r) => span(r.e_ns, r.s_ns),
  "e2e.body.from_schedule": (r) => span(r.e_ns, r.g_ns),
  "speed.request": (r) =>
    r.n_out === null || r.s_ns === null || r.t_ns.length === 0 ? [null] : [r.n_out / ((last(r)! - r.s_ns) / 1e9)],
};

/** Values of one definition over the records that ended well. */
export function valuesOf(def: string, records: readonly RequestRecord[]): number[] {
  const formula = FORMULAS[def]!;
  return records.filter((r) => r.outcome === "ok").flatMap(formula).filter((value): value is number => value !== null);
}

/** A definition without a single value is left out: no data is not zero. */
export function figures(records: readonly RequestRecord[]): Figure[] {
  return Object.keys(FORMULAS).flatMap((def) => {
    const values = valuesOf(def, records);
    if (values.length === 0) return [];
    const unit = def.startsWith("speed.") ? "tokens/s" : "ms";
    return STATS.map(([stat, of]): Figure => ({
      value: of(values),
      unit,
      def,
      stat,
      rule: "linear",
      over: "ok",
      n: values.length,
    }));
  });
}

/** Of all planned arrivals, by outcome; every outcome is there. */
export function outcomes(records: readonly RequestRecord[]): Record<RequestRecord["outcome"], number> {
  const counts = { ok: 0, err: 0, incomplete: 0, cancelled: 0, dropped: 0 };
  for (const { outcome } of records) counts[outcome]++;
  return counts;
}
