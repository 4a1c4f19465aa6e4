/**
 * Which windows and factors an objective is watched with. The table is that of a 30 d period: a page when 2 % of the budget goes in
 * 1 h or 5 % in 6 h, a ticket when 10 % goes in 1 d or 3 d; each confirmed by a window of a twelfth. Pure.
 */
import type { Fraction } from "../stats/decimal.ts";
import { durationText } from "./duration.ts";
import { compare, decimalText, integer, times } from "./literal.ts";
import { type AlertLevel, type BurnAlert, type Decimal, slack, type Slo } from "./slo.ts";

/** Every rate that is recorded, seconds. */
export const WINDOWS_S = [300, 1_800, 3_600, 7_200, 21_600, 86_400, 259_200] as const;

export interface WindowPair {
  readonly level: AlertLevel;
  readonly longS: number;
  readonly shortS: number;
  readonly forS: number;
}

export interface BudgetPair extends WindowPair {
  /** Share of the period's budget that the long window may spend. */
  readonly share: Fraction;
}

const MONTH_S = 30 * 86_400;

export const BUDGET_PAIRS: readonly BudgetPair[] = [
  { level: "page", longS: 3_600, shortS: 300, forS: 0, share: { n: 2n, d: 100n } },
  { level: "page", longS: 21_600, shortS: 1_800, forS: 0, share: { n: 5n, d: 100n } },
  { level: "ticket", longS: 86_400, shortS: 7_200, forS: 0, share: { n: 10n, d: 100n } },
  { level: "ticket", longS: 259_200, shortS: 21_600, forS: 0, share: { n: 10n, d: 100n } },
];

/** f = share P/W: how fast the budget of `periodS` must burn to lose that share within the window. */
export function burnFactor(share: Fraction, periodS: number, windowS: number): Fraction {
  return { n: share.n * BigInt(periodS), d: share.d * BigInt(windowS) };
}

/** Windows that keep their share of the period, rounded to minutes. */
export function scaleWindows<P extends WindowPair>(pairs: readonly P[], fromS: number, toS: number): P[] {
  const scaled = (seconds: number) => Math.round(seconds * toS / fromS / 60) * 60;
  return pairs.map((pair) => ({
    ...pair,
    longS: scaled(pair.longS),
    shortS: scaled(pair.shortS),
    forS: scaled(pair.forS),
  }));
}

export function burnAlerts(how: "fixed" | "scaled", periodS: number): BurnAlert[] {
  const pairs = how === "fixed" ? BUDGET_PAIRS : scaleWindows(BUDGET_PAIRS, MONTH_S, periodS);
  return pairs.map(({ level, longS, shortS, forS }, i) => {
    const { share, longS: unscaledS } = BUDGET_PAIRS[i]!;
    const factor = how === "fixed" ? burnFactor(share, periodS, longS) : burnFactor(share, MONTH_S, unscaledS);
    return { level, longS, shortS, forS, factor };
  });
}

/** The error ratio above which it fires: f (1 - S). */
export function threshold({ factor }: BurnAlert, objective: Decimal): Fraction {
  return times(factor, slack(objective));
}

/** Fewest events in the long window among which one failure alone does not fire: 1/(f (1 - S)), rounded up. */
export function leastEvents(alert: BurnAlert, objective: Decimal): bigint {
  const { n, d } = threshold(alert, objective);
  return (d + n - 1n) / n;
}

/** The event floor of an alert: what the file says, else `leastEvents`; slices need none. */
export function eventFloor(alert: BurnAlert, slo: Pick<Slo, "objective" | "budgeting" | "eventFloor">): bigint | null {
  if (slo.budgeting !== "Occurrences") return null;
  return slo.eventFloor === null ? leastEvents(alert, slo.objective) : BigInt(slo.eventFloor);
}

/** What is wrong with an alert whatever the traffic; null: nothing. `insideBudget` allows factors below 1. */
export function alertProblem(
  alert: BurnAlert,
  objective: Decimal,
  periodS: number,
  insideBudget = false,
): { readonly state: string; readonly hint: string } | null {
  const { longS, shortS, factor } = alert;
  const name = alertName(alert);
  if (!(shortS < longS)) {
    return {
      state: `has a short window that is not below the long one (${name})`,
      hint: "Shorten it; a twelfth is usual",
    };
  }
  if (!(longS < periodS)) {
    return {
      state: `has a window as long as the period (${name}, ${durationText(periodS)})`,
      hint: "Shorten the window, or lengthen the period",
    };
  }
  if (shortS < 60) {
    return { state: `has a window below a minute (${name})`, hint: "Lengthen the window, or the period" };
  }
  if (compare(factor, integer(1)) < 0 && !insideBudget) {
    return {
      state: `fires inside the budget: ${name} has factor ${decimalText(factor)}, below 1`,
      hint: "Scale the windows (windows: scaled), or write the alert yourself with inside_budget: true",
    };
  }
  const limit = threshold(alert, objective);
  if (compare(limit, integer(1)) >= 0) {
    const { n, d } = slack(objective);
    return {
      state: `has an alert that can never fire: ${name} at factor ${decimalText(factor)} needs an error ratio above ${
        decimalText(limit)
      }, and there is none above 1`,
      hint: `Write alerts with factors below ${decimalText({ n: d, d: n })}, or raise the objective above ${
        decimalText({ n: factor.n - factor.d, d: factor.n })
      }`,
    };
  }
  return null;
}

/** `page 1h/5m`. */
export function alertName({ level, longS, shortS }: Pick<BurnAlert, "level" | "longS" | "shortS">): string {
  return `${level} ${durationText(longS)}/${durationText(shortS)}`;
}
