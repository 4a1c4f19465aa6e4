/** Alert rules of one SLO. AND inside a pair of windows, OR across pairs; every limit is an exact literal. Pure. */
import { eventFloor, threshold } from "../burn_alerts.ts";
import { durationText } from "../duration.ts";
import { decimalText } from "../literal.ts";
import { increaseOver } from "../promql.ts";
import { type AlertLevel, type BurnAlert, slack, type Slo, type SloFile, sloId } from "../slo.ts";
import type { Counters } from "../source.ts";
import { labelsOf, recorded, seriesOf } from "./names.ts";
import type { AlertRule, Labels, RuleGroup } from "./rule.ts";
import { burnWords, exhaustedWords, noDataWords, verbatim } from "./words.ts";

export const BURN = "ErrorBudgetBurn";
export const EXHAUSTED = "ErrorBudgetExhausted";
export const NO_DATA = "SloNoData";

/** A scrape or two may fail, and a service may be restarted. */
export const NO_DATA_FOR = "15m";
const NO_DATA_WINDOW = "5m";

export function alertGroup(file: Pick<SloFile, "labels">, slo: Slo, counters: Counters | null): RuleGroup {
  // Prometheus reads the labels of an alert as templates, as it does its annotations; those of a recording rule it does not.
  const labels = (level: AlertLevel): Labels =>
    Object.fromEntries(Object.entries(alertLabels(file, slo, level)).map(([name, value]) => [name, verbatim(value)]));
  const rules: AlertRule[] = burnRules(slo).map(({ level, forS, alerts }) => ({
    alert: BURN,
    expr: burnExpression(slo, alerts),
    ...(forS === 0 ? {} : { for: durationText(forS) }),
    labels: labels(level),
    annotations: burnWords(slo),
  }));
  rules.push({
    alert: EXHAUSTED,
    expr: `${seriesOf(slo, "slo:period_error_budget_remaining:ratio")} <= 0`,
    labels: labels("ticket"),
    annotations: exhaustedWords(slo),
  });
  if (counters !== null) {
    rules.push({
      alert: NO_DATA,
      expr: `absent(${increaseOver(counters.total, NO_DATA_WINDOW)})`,
      for: NO_DATA_FOR,
      labels: labels("ticket"),
      annotations: noDataWords(slo),
    });
  }
  return { name: `slo-${sloId(slo)}-alerts`, interval: "30s", rules };
}

/** Alerts that are one rule: the same level and the same patience. */
export function burnRules(
  slo: Slo,
): { readonly level: AlertLevel; readonly forS: number; readonly alerts: readonly BurnAlert[] }[] {
  const groups = Map.groupBy(slo.alerts, ({ level, forS }) => `${slo.severity[level]} ${forS}`);
  return [...groups.values()].map((alerts) => ({ level: alerts[0]!.level, forS: alerts[0]!.forS, alerts }));
}

export function alertLabels(file: Pick<SloFile, "labels">, slo: Slo, level: AlertLevel): Labels {
  const severity = slo.severity[level];
  return { ...labelsOf(file, slo), severity, sloth_severity: severity === "ticket" ? "ticket" : level };
}

function burnExpression(slo: Slo, alerts: readonly BurnAlert[]): string {
  const pairs = alerts.map((alert) => {
    const limit = decimalText(threshold(alert, slo.objective));
    const floor = eventFloor(alert, slo);
    return [
      `${seriesOf(slo, recorded("error", alert.longS))} > ${limit}`,
      `${seriesOf(slo, recorded("error", alert.shortS))} > ${limit}`,
      ...(floor === null ? [] : [`${seriesOf(slo, recorded("total", alert.longS))} >= ${floor}`]),
    ].join("\n    and ignoring (sloth_window) ");
  });
  const either = pairs.map((pair) => `  (\n    ${pair}\n  )`).join("\n  or ignoring (sloth_window)\n");
  // The window is taken off, so that an alert that goes from one pair to the other stays the same alert.
  return `max without (sloth_window) (\n${either}\n) / ${decimalText(slack(slo.objective))}`;
}
