/** What is left of a budget, and how long it lasts: 40 % left at a burn of 6 ends after a fifteenth of the period. Pure. */
import { compare, decimalText, integer, times } from "../literal.ts";
import { slack, type Slo, type SloFile, sloId } from "../slo.ts";
import { EXHAUSTED } from "./alerts.ts";
import { labelsOf, recorded, seriesOf } from "./names.ts";
import { labelText } from "./rule.ts";
import { single, type TestGroup } from "./unit_tests.ts";

export function budgetTest(file: SloFile, slo: Slo): TestGroup {
  const budget = slack(slo.objective);
  const fast = times(budget, integer(6));
  const burn = compare(fast, integer(1)) < 0 ? 6 : 1;
  const spent = decimalText(times(budget, { n: 6n, d: 10n }));
  const now = decimalText(times(budget, integer(burn)));
  const series = (seconds: number) => recorded("error", seconds) + labelText(labelsOf(file, slo, seconds));
  const close = (record: string, value: number) => ({
    expr: `sum(abs(${seriesOf(slo, record)} - ${value}) < bool ${Math.max(value, 1) / 1e6})`,
    eval_time: "0s",
    exp_samples: single(1),
  });
  return {
    name: `${sloId(slo)}: budget`,
    interval: "1m",
    input_series: [
      { series: series(slo.period.seconds), values: `${spent} ${decimalText(times(budget, { n: 11n, d: 10n }))}` },
      { series: series(slo.alerts[0]!.longS), values: `${now} ${now}` },
    ],
    promql_expr_test: [
      close("slo:period_error_budget_remaining:ratio", 0.4),
      close("slo:error_budget_exhaustion:seconds", 0.4 * slo.period.seconds / burn),
      ...([["0s", false], ["1m", true]] as const).map(([eval_time, fires]) => ({
        expr: `count(ALERTS{alertname="${EXHAUSTED}",sloth_id="${sloId(slo)}"})`,
        eval_time,
        exp_samples: fires ? single(1) : [],
      })),
    ],
  };
}
