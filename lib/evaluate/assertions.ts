/** The assertions of a scenario, judged over what a run measured. Pure. No data is never a pass. */
import type { Assertion, Operator, ScenarioPhase } from "../model/scenario.ts";
import { mean, quantile, sum } from "../stats/describe.ts";

/** Values by series name, such as `ttft_ms` or `dns_latency_ms`; one per request or per event. */
export type Series = Readonly<Record<string, readonly number[]>>;
export type PhaseData = Readonly<Partial<Record<ScenarioPhase, Series>>>;

export interface AssertionOutcome {
  readonly assertion: Assertion;
  readonly verdict: "pass" | "fail" | "not-evaluated";
  /** null where there was nothing to observe. */
  readonly observed: number | null;
  /** What it was compared with: the value, or the value times what the other phase showed. */
  readonly bound: number | null;
  /** Values that `observed` rests on. */
  readonly n: number;
  /** `ttft_ms.p95 in fault: 912 >= 800 (n 400)`. */
  readonly sentence: string;
}

const STATISTICS: Readonly<Record<string, (values: readonly number[]) => number>> = {
  mean,
  min: (values) => quantile(values, 0),
  max: (values) => quantile(values, 1),
  p50: (values) => quantile(values, 0.5),
  p90: (values) => quantile(values, 0.9),
  p95: (values) => quantile(values, 0.95),
  p99: (values) => quantile(values, 0.99),
  sum,
  count: (values) => values.length,
};

const COMPARE: Readonly<Record<Operator, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
  "==": (a, b) => a === b,
};

/** One outcome per assertion, in their order. */
export function evaluateAssertions(assertions: readonly Assertion[], data: PhaseData): AssertionOutcome[] {
  return assertions.map((assertion) => {
    const seen = observe(assertion.metric, data[assertion.phase]);
    const other = assertion.relative_to === undefined ? null : observe(assertion.metric, data[assertion.relative_to]);
    const bound = other === null ? assertion.value : other.value === null ? null : other.value * assertion.value;
    const what = `${assertion.metric} in ${assertion.phase}`;
    const base = { assertion, observed: seen.value, bound, n: seen.n };
    if (seen.value === null || bound === null) {
      const phase = seen.value === null ? assertion.phase : assertion.relative_to;
      return { ...base, verdict: "not-evaluated", sentence: `${what}: ${phase} holds no such value` };
    }
    const holds = COMPARE[assertion.operator](seen.value, bound);
    const against = other === null ? "" : `, ${assertion.value} x ${assertion.relative_to}`;
    return {
      ...base,
      verdict: holds ? "pass" : "fail",
      sentence: `${what}: ${short(seen.value)} ${holds ? "" : "is not "}${assertion.operator} ${
        short(bound)
      }${against} (n ${seen.n})`,
    };
  });
}

function observe(metric: string, series: Series | undefined): { value: number | null; n: number } {
  const dot = metric.lastIndexOf(".");
  const values = series?.[metric.slice(0, dot)];
  const statistic = STATISTICS[metric.slice(dot + 1)];
  // A series that was watched and stayed empty has a sum and a count; every other statistic of nothing is nothing.
  if (values === undefined || statistic === undefined) return { value: null, n: 0 };
  const value = statistic(values);
  return { value: Number.isFinite(value) ? value : null, n: values.length };
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
