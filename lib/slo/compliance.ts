/** Was an objective kept, as far as so many events can tell? Pure. */
import { wilsonInterval } from "../stats/proportion.ts";
import { samplesToBound } from "../stats/quantile_interval.ts";
import { compare } from "./literal.ts";
import type { Decimal } from "./slo.ts";

export interface Compliance {
  /** `inconclusive`: the events are too few to say; `no_data`: there are none. */
  readonly verdict: "met" | "missed" | "inconclusive" | "no_data";
  /** Share of good events: what was seen, and the range it may come from (95 %, two-sided, Wilson). Null without events. */
  readonly good_ratio: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Where nothing failed: events that would make it sure (exact binomial, 95 % one-sided). */
  readonly events_needed: number | null;
}

export function compliance({ bad, total }: { bad: number; total: number }, objective: Decimal): Compliance {
  if (total === 0) return { verdict: "no_data", good_ratio: null, low: null, high: null, events_needed: null };
  const { low, high } = wilsonInterval(total - bad, total);
  // None bad: as many as are likely in at most 5 % of cases where the objective is not kept.
  const events_needed = bad === 0 ? samplesToBound(Number(objective.text)) : null;
  const seen = { good_ratio: (total - bad) / total, low, high, events_needed };
  if (events_needed !== null) return { verdict: total >= events_needed ? "met" : "inconclusive", ...seen };
  const target = Number(objective.text);
  return { verdict: low >= target ? "met" : high < target ? "missed" : "inconclusive", ...seen };
}

/** Of shares that are no counts there is no binomial: what was seen decides. */
export function plainCompliance(
  { ratio, total }: { readonly ratio: { readonly n: bigint; readonly d: bigint } | null; readonly total: number },
  objective: Decimal,
): Compliance {
  const none = { low: null, high: null, events_needed: null };
  if (ratio === null || total === 0) return { verdict: "no_data", good_ratio: null, ...none };
  const good = { n: ratio.d - ratio.n, d: ratio.d };
  return {
    verdict: compare(good, objective) >= 0 ? "met" : "missed",
    good_ratio: Number(good.n * 10n ** 12n / good.d) / 1e12,
    ...none,
  };
}
