/** A service level objective as values: what its file said, checked and made exact. */
import type { Fraction } from "../stats/decimal.ts";
import type { UsageError } from "../model/errors.ts";
import type { Predicate } from "./predicate.ts";

/** How a budget is counted: events; slices of time, each good or bad; or slices, each by its share of good events. */
export const BUDGETINGS = ["Occurrences", "Timeslices", "RatioTimeslices"] as const;
export type Budgeting = typeof BUDGETINGS[number];

/** A decimal as it was written, and exactly what it is. */
export interface Decimal extends Fraction {
  readonly text: string;
}

export type CalendarUnit = "week" | "month" | "quarter" | "year";

export type Period =
  | { readonly kind: "rolling"; readonly seconds: number }
  /** `seconds` is the nominal length (a month: 30 d), which burn factors are counted with. */
  | {
    readonly kind: "calendar";
    readonly unit: CalendarUnit;
    readonly timeZone: string;
    readonly seconds: number;
  };

export type AlertLevel = "page" | "ticket";

/** Fires when the burn rate is above `factor` in both windows. */
export interface BurnAlert {
  readonly level: AlertLevel;
  readonly longS: number;
  readonly shortS: number;
  readonly factor: Fraction;
  /** How long it must hold before it fires; 0: at once. */
  readonly forS: number;
}

export interface Slice {
  readonly seconds: number;
  /** A slice of Timeslices is good from this share of good events on. */
  readonly target: Decimal;
}

/** How Prometheus counts the events, as the file says it; null members where it leaves the choice to the catalogue. */
export interface Source {
  readonly metric: string | null;
  /** Upper bounds of the metric's buckets, in its unit. */
  readonly bounds: readonly Decimal[] | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Selectors of counters, or expressions with [$window]. Both or neither. */
  readonly good: string | null;
  readonly total: string | null;
}

export type Sli =
  | { readonly kind: "events"; readonly predicate: Predicate | null; readonly source: Source }
  | { readonly kind: "composite"; readonly parts: readonly { readonly slo: string; readonly weight: Decimal }[] };

export interface Slo {
  readonly service: string;
  readonly name: string;
  readonly description: string;
  readonly sli: Sli;
  /** In (0, 1). */
  readonly objective: Decimal;
  readonly period: Period;
  readonly budgeting: Budgeting;
  /** Null for Occurrences. */
  readonly slice: Slice | null;
  readonly owner: string;
  readonly runbook: string;
  /** The text of the label `severity` for each level. */
  readonly severity: Readonly<Record<AlertLevel, string>>;
  readonly alerts: readonly BurnAlert[];
  /** Where the windows of `alerts` come from: the 30 d table, that table scaled to the period, or the file. */
  readonly windows: "fixed" | "scaled" | "own";
  /** Fewer events (of Occurrences: in the long window; else: in a slice) decide nothing; null: as many as one failure needs. */
  readonly eventFloor: number | null;
  /** Events a day that are expected; null when the file does not say. */
  readonly trafficPerDay: Fraction | null;
  /** Milliseconds each stage of a request may take: names the stage that broke the promise. */
  readonly stages: Readonly<Partial<Record<Stage, number>>>;
}

export const STAGES = ["embedding", "retrieval", "rerank", "generation", "tools"] as const;
export type Stage = typeof STAGES[number];

export interface SloFile {
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly slos: readonly Slo[];
  /** A complaint about `field` of the SLO of that index, with its line and column. */
  readonly refuse: (slo: number, field: readonly (string | number)[], state: string, hint: string) => UsageError;
}

/** Unique among all services: what rules and dashboards know it by. */
export function sloId({ service, name }: Pick<Slo, "service" | "name">): string {
  return `${service}-${name}`;
}

/** The share of bad events that is allowed: 1 - S. */
export function slack({ n, d }: Fraction): Fraction {
  return { n: d - n, d };
}
