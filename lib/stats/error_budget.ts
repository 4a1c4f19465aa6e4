/** Error budgets: how fast one burns, and what is left. Exact: thresholds are met or missed by integers, then rounded once. */
import { type Fraction, fraction, nearest } from "./decimal.ts";

export interface BudgetCounts {
  /** Events that missed the objective: a count, or the increase of a counter, which may be a fraction. */
  readonly bad: number | bigint;
  /** All events, the bad ones included. */
  readonly total: number | bigint;
  /** Share of events to be good, in (0, 1) and as it is written: "0.999" or 0.999. 1 would leave no budget. */
  readonly objective: number | string;
}

export interface ErrorBudget {
  /** Bad events the objective allows among `total`: (1 - S) total. */
  readonly allowed: number;
  /** Bad events there were. */
  readonly spent: number;
  /** Share of the budget that is left: 1 - bad/((1 - S) total). Below 0 when overspent, NaN without events. */
  readonly remaining: number;
  /** The budget as time: minutes of total failure that the period allows. */
  readonly minutes: number;
}

/**
 * How many times faster than evenly over the period the budget is spent: (bad/total)/(1 - S). 1 spends all of it in just one
 * period, 1/(1 - S) is the most there is.
 *
 * ```ts
 * import { burnExceeds, burnRate, errorBudget } from "@llm-slo/sloctl";
 *
 * const counts = { bad: 144, total: 10_000, objective: "0.999" };
 * if (burnRate(counts) !== 14.4 || burnExceeds(counts, 14.4)) throw new Error("at the limit, and not beyond it");
 * const { allowed, remaining, minutes } = errorBudget({ bad: 650, total: 1e6, objective: 0.999, period: "30d" });
 * if (allowed !== 1000 || remaining !== 0.35 || minutes !== 43.2) throw new Error("35 % are left");
 * ```
 *
 * @returns NaN without events, or when a count is no finite number: no data is not "no burn".
 * @throws RangeError for an objective outside (0, 1), a negative count, or more bad events than events
 */
export function burnRate(counts: BudgetCounts): number {
  const { bad, total, slack } = exactly(counts);
  if (bad === null || total === null) return NaN;
  return nearest(bad.n * total.d * slack.d, bad.d * total.n * slack.n);
}

/**
 * Whether the burn rate is above `factor`, strictly, decided on integers: at objective 0.999 an error ratio of exactly 0.0144 does
 * not exceed 14.4. False without events; ask `total` first where that is not the same as quiet.
 * @throws RangeError as burnRate, and for a factor that is no finite number
 */
export function burnExceeds(counts: BudgetCounts, factor: number | string): boolean {
  const { bad, total, slack } = exactly(counts);
  const limit = fraction(factor);
  if (limit === null) throw new RangeError(`Cannot compare with "factor ${factor}": it is no finite number`);
  if (bad === null || total === null) return false;
  return bad.n * total.d * slack.d * limit.d > limit.n * bad.d * total.n * slack.n;
}

/**
 * @param period Such as "30d": an integer and s, m, h, d or w
 * @throws RangeError as burnRate, and for a period that is none
 */
export function errorBudget(counts: BudgetCounts & { readonly period: string }): ErrorBudget {
  const { bad, total, slack } = exactly(counts);
  const minutes = nearest(slack.n * periodSeconds(counts.period), slack.d * 60n);
  if (bad === null || total === null) return { allowed: NaN, spent: NaN, remaining: NaN, minutes };
  const [n, d] = [slack.n * total.n, slack.d * total.d];
  return {
    allowed: nearest(n, d),
    spent: nearest(bad.n, bad.d),
    remaining: nearest(n * bad.d - bad.n * d, n * bad.d),
    minutes,
  };
}

/**
 * Minutes until nothing is left, if the budget goes on burning at `burn`: remaining P/burn. 0 when it is spent, Infinity while
 * nothing burns, NaN when either is NaN.
 */
export function minutesToExhaustion(
  { remaining, burn, period }: { readonly remaining: number; readonly burn: number; readonly period: string },
): number {
  const seconds = periodSeconds(period);
  const [left, speed] = [fraction(remaining), fraction(burn)];
  if (speed !== null && speed.n < 0n) throw new RangeError(`Cannot burn at "${burn}": it is negative`);
  if (left === null || speed === null) return NaN;
  return left.n <= 0n ? 0 : nearest(left.n * seconds * speed.d, left.d * speed.n * 60n);
}

const UNIT_SECONDS: Readonly<Record<string, bigint>> = { s: 1n, m: 60n, h: 3600n, d: 86_400n, w: 604_800n };

function periodSeconds(period: string): bigint {
  const [, count = "0", unit = ""] = /^(\d{1,9})([smhdw])$/.exec(period) ?? [];
  const seconds = BigInt(count) * (UNIT_SECONDS[unit] ?? 0n);
  if (seconds === 0n) {
    throw new RangeError(`Cannot use "period ${period}": it is no positive integer with one of s, m, h, d, w`);
  }
  return seconds;
}

/** Counts that are no finite numbers are null: what was not counted has no budget. */
function exactly(counts: BudgetCounts): { bad: Fraction | null; total: Fraction | null; slack: Fraction } {
  const objective = fraction(counts.objective);
  if (objective === null || objective.n <= 0n || objective.n >= objective.d) {
    throw new RangeError(`Cannot use "objective ${counts.objective}": it is no decimal between 0 and 1, such as 0.999`);
  }
  const [bad, total] = [fraction(counts.bad), fraction(counts.total)];
  const negative = [bad, total].some((count) => count !== null && count.n < 0n);
  if (negative || (bad !== null && total !== null && bad.n * total.d > total.n * bad.d)) {
    const state = negative ? "a count is never negative" : "there cannot be more bad events than events";
    throw new RangeError(`Cannot budget "${counts.bad} bad of ${counts.total}": ${state}`);
  }
  return { bad, total, slack: { n: objective.d - objective.n, d: objective.d } };
}
