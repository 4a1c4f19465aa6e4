/** What the counters themselves lead to: all good, all bad, no traffic, no counter of good events, no series at all. Pure. */
import { eventFloor } from "../burn_alerts.ts";
import { type Slo, sloId } from "../slo.ts";
import { BURN, burnRules, NO_DATA } from "./alerts.ts";
import { recorded, seriesOf } from "./names.ts";
import type { SyntheticSeries } from "./synthetic_series.ts";
import { type ExpressionTest, type InputSeries, single, type TestGroup } from "./unit_tests.ts";

export function counterTests(slo: Slo, series: SyntheticSeries): TestGroup[] {
  const intervalS = slo.slice === null ? 15 : Math.max(1, Math.min(15, Math.floor(slo.slice.seconds / 4)));
  const minutes = 3 + Math.ceil((slo.slice?.seconds ?? 0) / 60);
  const samples = Math.ceil((minutes + 1) * 60 / intervalS);
  const step = eventsPerSample(slo, samples);
  const moving = `0+${step}x${samples}`;
  const still = `0+0x${samples}`;
  const input = (good: string | null, bad: string): InputSeries[] => [
    ...(good === null ? [] : [{ series: series.good, values: good }]),
    ...(series.bad === null ? [] : [{ series: series.bad, values: bad }]),
    ...(series.total === null ? [] : [{ series: series.total, values: good === moving ? good : bad }]),
  ];
  const id = sloId(slo);
  const window = Math.min(...slo.alerts.map(({ shortS }) => shortS));
  const ratio = (exp_samples: ExpressionTest["exp_samples"]): ExpressionTest => ({
    expr: `sum(${seriesOf(slo, recorded("error", window))})`,
    eval_time: `${minutes}m`,
    exp_samples,
  });
  const rules = burnRules(slo).filter(({ forS }) => forS === 0);
  const burning = (fires: boolean): ExpressionTest => ({
    expr: `count(ALERTS{alertname="${BURN}",alertstate="firing",sloth_id="${id}"})`,
    eval_time: `${minutes}m`,
    exp_samples: fires && rules.length > 0 ? single(rules.length) : [],
  });
  const group = (what: string, input_series: InputSeries[], promql_expr_test: ExpressionTest[]): TestGroup => ({
    name: `${id}: ${what}`,
    interval: `${intervalS}s`,
    input_series,
    promql_expr_test,
  });
  return [
    group("all good", input(moving, still), [ratio(single(0)), burning(false)]),
    group("all bad", input(still, moving), [ratio(single(1)), burning(true)]),
    group("all bad, and no good event ever", input(null, moving), [ratio(single(1)), burning(true)]),
    group("no traffic is no data", input(still, still), [ratio([]), burning(false)]),
  ];
}

/** Every SLO without its counters: all of them say so, once they had time to come back. */
export function noSeriesTest(slos: readonly Slo[]): TestGroup {
  const count = `count(ALERTS{alertname="${NO_DATA}",alertstate="firing"})`;
  return {
    name: "no series",
    interval: "1m",
    input_series: [],
    promql_expr_test: [
      { expr: count, eval_time: "14m", exp_samples: [] },
      { expr: count, eval_time: "16m", exp_samples: single(slos.length) },
    ],
  };
}

/** Enough for every event floor to be reached. */
function eventsPerSample(slo: Slo, samples: number): bigint {
  const floors = slo.alerts.map((alert) => eventFloor(alert, slo) ?? BigInt(slo.eventFloor ?? 1));
  const most = floors.reduce((most, floor) => floor > most ? floor : most);
  return 100n + 2n * most / BigInt(samples) * 2n;
}
