/** How an SLO stands, as a document: its windows, its budget, its alerts, and when the budget ends at this rate. Pure. */
import { nearest } from "../stats/decimal.ts";
import { type ErrorBudget, errorBudget, minutesToExhaustion } from "../stats/error_budget.ts";
import { eventFloor, threshold } from "./burn_alerts.ts";
import { type Compliance, compliance, plainCompliance } from "./compliance.ts";
import { durationText } from "./duration.ts";
import { decimalText } from "./literal.ts";
import { type AlertState, alertStates, type Meter, type Reading } from "./meter.ts";
import { PER_SLICE } from "./slices.ts";
import { slack, type Slo } from "./slo.ts";
import type { SloCounts, Tracked } from "./tracker.ts";

export interface WindowStatus {
  /** Events, or slices; of a composite the fewest of a part. */
  readonly total: number;
  /** Null: no data; of a composite always, it has no events of its own. */
  readonly bad: number | null;
  /** Null: no data, which is not healthy. */
  readonly error_ratio: number | null;
  /** 1 spends the budget in just one period. Null: no data. */
  readonly burn_rate: number | null;
}

export interface SloStatus {
  readonly schema: "slo-status/v1";
  readonly service: string;
  readonly slo: string;
  readonly objective: string;
  readonly period: string;
  readonly budgeting: string;
  readonly owner: string;
  readonly runbook: string;
  readonly state: "ok" | "burning" | "exhausted" | "no_data";
  /** By length: "5m", "1h" ... */
  readonly windows: Readonly<Record<string, WindowStatus>>;
  readonly budget: WindowStatus & {
    /** Bad events (slices) the objective allows among those of the period so far; null: no data. */
    readonly allowed: number | null;
    /** Share of the budget that is left, below 0 when overspent; null: no data. */
    readonly remaining: number | null;
    /** The budget as minutes of total failure per period. */
    readonly minutes: number;
    /** Until it ends at the rate of `burn_window`; 0: it is spent; null: nothing burns, or no data. */
    readonly exhausted_in_minutes: number | null;
    readonly burn_window: string;
  };
  readonly alerts: readonly {
    readonly severity: string;
    readonly level: "page" | "ticket";
    readonly long: string;
    readonly short: string;
    readonly factor: string;
    readonly threshold: string;
    /** Null where slices are counted. */
    readonly event_floor: number | null;
    readonly firing: boolean;
    readonly too_few_events: boolean;
  }[];
  readonly compliance: Compliance;
  readonly counts: SloCounts & { readonly thin_slices: number };
}

export function sloStatus({ slo, meter, counts }: Tracked, nowMs: number): SloStatus {
  const windows = Object.fromEntries(
    meter.windows.map((seconds) => [durationText(seconds), windowStatus(slo, meter.window(seconds, nowMs))]),
  );
  const alerts = alertStates(meter, nowMs);
  const budget = budgetStatus(slo, meter, nowMs);
  const firing = alerts.some((state) => state.firing);
  return {
    schema: "slo-status/v1",
    service: slo.service,
    slo: slo.name,
    objective: slo.objective.text,
    period: periodText(slo),
    budgeting: slo.budgeting,
    owner: slo.owner,
    runbook: slo.runbook,
    state: budget.remaining === null ? "no_data" : budget.remaining <= 0 ? "exhausted" : firing ? "burning" : "ok",
    windows,
    budget,
    alerts: alerts.map((state) => alertStatus(slo, state)),
    compliance: complianceOf(slo, meter.period(nowMs)),
    counts: { ...counts, thin_slices: "thinSlices" in meter ? Number(meter.thinSlices) : 0 },
  };
}

function windowStatus({ objective, slice }: Slo, { ratio, total, bad }: Reading): WindowStatus {
  const unit = slice === null ? 1 : PER_SLICE;
  const budget = slack(objective);
  return {
    total: total / unit,
    bad: bad === null || total === 0 ? null : bad / unit,
    error_ratio: ratio === null ? null : nearest(ratio.n, ratio.d),
    burn_rate: ratio === null ? null : nearest(ratio.n * budget.d, ratio.d * budget.n),
  };
}

function budgetStatus(slo: Slo, meter: Meter, nowMs: number): SloStatus["budget"] {
  const reading = meter.period(nowMs);
  const status = windowStatus(slo, reading);
  const period = durationText(slo.period.seconds);
  const whole: ErrorBudget = errorBudget({ bad: 0, total: status.total, objective: slo.objective.text, period });
  const budget = slack(slo.objective);
  const left = reading.ratio === null
    ? null
    : nearest(budget.n * reading.ratio.d - reading.ratio.n * budget.d, budget.n * reading.ratio.d);
  const burnS = slo.alerts[0]!.longS;
  const burn = windowStatus(slo, meter.window(burnS, nowMs)).burn_rate;
  const minutes = left === null || burn === null ? NaN : minutesToExhaustion({ remaining: left, burn, period });
  return {
    ...status,
    allowed: reading.ratio === null ? null : whole.allowed,
    remaining: left,
    minutes: whole.minutes,
    exhausted_in_minutes: Number.isFinite(minutes) ? minutes : null,
    burn_window: durationText(burnS),
  };
}

function alertStatus(slo: Slo, { alert, firing, tooFew }: AlertState): SloStatus["alerts"][number] {
  const floor = eventFloor(alert, slo);
  return {
    severity: slo.severity[alert.level],
    level: alert.level,
    long: durationText(alert.longS),
    short: durationText(alert.shortS),
    factor: decimalText(alert.factor),
    threshold: decimalText(threshold(alert, slo.objective)),
    event_floor: floor === null ? null : Number(floor),
    firing,
    too_few_events: tooFew,
  };
}

/** Events, and slices that are good or bad, are trials; shares of slices, and weighted sums, are not. */
export function complianceOf({ objective, budgeting, slice }: Slo, { ratio, total, bad }: Reading): Compliance {
  if (bad === null || budgeting === "RatioTimeslices") return plainCompliance({ ratio, total }, objective);
  const unit = slice === null ? 1 : PER_SLICE;
  return compliance({ bad: bad / unit, total: total / unit }, objective);
}

/** "30d", or "month in Europe/Berlin". */
export function periodText({ period }: Pick<Slo, "period">): string {
  return period.kind === "rolling" ? durationText(period.seconds) : `${period.unit} in ${period.timeZone}`;
}
