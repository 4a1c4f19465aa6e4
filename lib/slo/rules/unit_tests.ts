/**
 * Unit tests for promtool, written with the rules: for every pair of windows the truth table of its alert, for every SLO what its
 * counters, no traffic and no series lead to, and how much budget is left. Pure.
 */
import { sloId } from "../slo.ts";
import type { Slo, SloFile } from "../slo.ts";
import type { Counters } from "../source.ts";
import { budgetTest } from "./test_budget.ts";
import { counterTests, noSeriesTest } from "./test_counters.ts";
import { pairTest } from "./test_pairs.ts";
import { syntheticSeries } from "./synthetic_series.ts";

export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

export interface ExpressionTest {
  readonly expr: string;
  readonly eval_time: string;
  readonly exp_samples: readonly { readonly labels: string; readonly value: number }[];
}

export interface TestGroup {
  readonly name: string;
  readonly interval: string;
  readonly input_series: readonly InputSeries[];
  readonly alert_rule_test?: readonly unknown[];
  readonly promql_expr_test?: readonly ExpressionTest[];
}

export interface UnitTests {
  readonly document: {
    readonly rule_files: readonly string[];
    readonly evaluation_interval: string;
    /** Without it promtool evaluates groups in any order, and one may read what another has not written yet. */
    readonly group_eval_order: readonly string[];
    readonly tests: readonly TestGroup[];
  };
  /** What could not be tested, and why. */
  readonly notes: readonly string[];
}

export function unitTests(
  file: SloFile,
  compiled: readonly { readonly slo: Slo; readonly counters: Counters | null }[],
  group_eval_order: readonly string[],
): UnitTests {
  const notes: string[] = [];
  const tests = compiled.flatMap(({ slo, counters }): TestGroup[] => {
    const own = [...slo.alerts.map((alert) => pairTest(file, slo, alert)), budgetTest(file, slo)];
    if (counters === null) return own;
    const series = syntheticSeries(counters);
    if (series === null) notes.push(`${sloId(slo)}: no test of its counters, its selectors cannot be imitated`);
    return series === null ? own : [...own, ...counterTests(slo, series)];
  });
  const counted = compiled.filter(({ counters }) => counters !== null).map(({ slo }) => slo);
  return {
    document: {
      rule_files: ["rules.yaml"],
      evaluation_interval: "1m",
      group_eval_order,
      tests: [...tests, noSeriesTest(counted)],
    },
    notes,
  };
}

/** A constant for `minutes` samples. */
export function held(value: string | number, minutes: number): string {
  return minutes === 1 ? String(value) : `${value}+0x${minutes - 1}`;
}

/** The one sample without labels that an aggregation gives. */
export function single(value: number): ExpressionTest["exp_samples"] {
  return [{ labels: "{}", value }];
}
