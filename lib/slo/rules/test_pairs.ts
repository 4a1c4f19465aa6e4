/** The truth table of one pair of windows, minute by minute over one timeline. Pure. */
import { fraction } from "../../stats/decimal.ts";
import type { Fraction } from "../../stats/decimal.ts";
import { alertName, eventFloor, threshold } from "../burn_alerts.ts";
import { durationText } from "../duration.ts";
import { compare, decimalText, integer } from "../literal.ts";
import { windowsOf } from "../meter.ts";
import { type BurnAlert, slack, type Slo, type SloFile, sloId } from "../slo.ts";
import { alertLabels, BURN, burnRules } from "./alerts.ts";
import { labelsOf, recorded } from "./names.ts";
import { labelText } from "./rule.ts";
import { held, type InputSeries, type TestGroup } from "./unit_tests.ts";
import { burnWordsEarly } from "./words.ts";

interface Step {
  /** Error ratio of the long and the short window; every other window is at 0. */
  readonly long: string;
  readonly short: string;
  /** Events in every window. */
  readonly total: bigint;
}

export function pairTest(file: SloFile, slo: Slo, alert: BurnAlert): TestGroup {
  const limit = threshold(alert, slo.objective);
  const at = decimalText(limit);
  const above = decimalText(halfway(limit));
  const floors = slo.alerts.map((alert) => eventFloor(alert, slo) ?? 1n);
  const enough = floors.reduce((most, floor) => floor > most ? floor : most);
  const own = eventFloor(alert, slo);
  const steps: Step[] = [
    { long: above, short: above, total: enough },
    { long: above, short: "0", total: enough },
    { long: "0", short: above, total: enough },
    { long: at, short: at, total: enough },
    { long: "0", short: "0", total: enough },
  ];
  if (own !== null && own > 1n) steps.push({ long: above, short: above, total: own - 1n });
  const minutes = Math.max(...slo.alerts.map(({ forS }) => Math.ceil(forS / 60))) + 1;
  const values = (pick: (step: Step) => string) => steps.map((step) => held(pick(step), minutes)).join(" ");
  const windows = windowsOf(slo, file.slos);
  const series = (kind: "error" | "total", seconds: number, pick: (step: Step) => string): InputSeries => ({
    series: recorded(kind, seconds) + labelText(labelsOf(file, slo, seconds)),
    values: values(pick),
  });
  const ratio = (step: Step, seconds: number) =>
    seconds === alert.longS ? step.long : seconds === alert.shortS ? step.short : "0";
  return {
    name: `${sloId(slo)}: ${alertName(alert)} at ${at}`,
    interval: "1m",
    input_series: windows.flatMap((seconds) => [
      series("error", seconds, (step) => ratio(step, seconds)),
      series("total", seconds, (step) => String(step.total)),
    ]),
    alert_rule_test: steps.map((step, i) => ({
      alertname: BURN,
      eval_time: durationText((i + 1) * minutes * 60 - 60),
      exp_alerts: expectedAlerts(file, slo, step, (seconds) => ratio(step, seconds)),
    })),
  };
}

function expectedAlerts(file: SloFile, slo: Slo, { total }: Step, ratio: (seconds: number) => string) {
  return burnRules(slo).flatMap(({ level, alerts }) => {
    const first = alerts.find((alert) => {
      const limit = threshold(alert, slo.objective);
      const over = [alert.longS, alert.shortS].every((seconds) => compare(fraction(ratio(seconds))!, limit) > 0);
      return over && total >= (eventFloor(alert, slo) ?? 0n);
    });
    if (first === undefined) return [];
    const burn = Number(ratio(first.longS)) / Number(decimalText(slack(slo.objective)));
    return [{ exp_labels: alertLabels(file, slo, level), exp_annotations: burnWordsEarly(slo, burn) }];
  });
}

/** A ratio above the limit and not above 1: twice the limit, or the middle between it and 1. */
function halfway({ n, d }: Fraction): Fraction {
  const twice = { n: 2n * n, d };
  const middle = { n: n + d, d: 2n * d };
  return compare(twice, integer(1)) < 0 ? twice : middle;
}
