/**
 * Is the candidate worse than the baseline by more than a margin? The three-way rule on a quantile, clustered by run: a pass says that
 * such harm is excluded, a fail that it is proven, and what lies between says neither. Pure: the seed is an argument.
 */
import { bootstrapReplicates } from "../stats/bootstrap.ts";
import { quantile, quantileOfSorted } from "../stats/describe.ts";
import { holm } from "../stats/holm.ts";
import { welchInterval } from "../stats/mean_interval.ts";
import { samplesToBound } from "../stats/quantile_interval.ts";
import type { Verdict } from "./verdict.ts";

/** Values of an arm, run by run, in the order of the runs' names. */
export type Arm = readonly Float64Array[];

export interface Rule {
  readonly quantile: number;
  readonly direction: "lower_is_better" | "higher_is_better";
  /** Ratio: 0.05 allows 5 % worse. */
  readonly margin: number;
  /** One-sided: the interval is at 1 - 2 alpha. */
  readonly alpha: number;
  readonly replicates: number;
  /** Names the random streams: `seed/gate/scenario/field`. */
  readonly key: string;
  /** Of each arm. */
  readonly minSamples: number;
}

/** Changes are ratios, and positive is worse: candidate / baseline - 1 where lower is better, else 1 - candidate / baseline. */
export interface Comparison {
  readonly verdict: Verdict;
  /** A stable word; null for a plain pass. */
  readonly reason: string | null;
  readonly why: string | null;
  /** The quantile of all requests of the arm. */
  readonly candidate: number;
  readonly baseline: number;
  readonly change: number;
  readonly low: number;
  readonly high: number;
  readonly level: number;
  readonly margin: number;
  /** Chance of harm as large as seen, or larger, were the change no more than the margin; NaN where nothing was drawn. */
  readonly p_harm: number;
  /** The same, adjusted for how many comparisons were made. */
  readonly p_harm_holm: number;
  readonly p_safety: number;
  readonly improved: boolean;
  readonly method: "cluster_percentile";
  readonly engine: "order_stats";
  readonly replicates: number;
  readonly samples: readonly [number, number];
  readonly runs: readonly [number, number];
  /** Difference of the quantiles, candidate less baseline, in the field's unit. */
  readonly delta_low: number;
  readonly delta_high: number;
  /** Welch's interval of the mean log quantile of the runs, as a change; null below 5 runs. Reported, never deciding. */
  readonly welch_log: { readonly change: number; readonly low: number; readonly high: number } | null;
}

/** Fewer runs than this say nothing of how reruns differ. */
const FEWEST_RUNS = 3;
const WELCH_RUNS = 5;
/** A shift this near to a power of a thousand is a unit, not a change. */
const UNITS = [1e3, 1e6, 1e9].flatMap((factor) => [factor, 1 / factor]);
const UNIT_SLACK = 2;

/** Before the adjustment for several comparisons, which `settleFamily` makes. */
export function compare(candidate: Arm, baseline: Arm, rule: Rule): Comparison {
  const [c, b] = [candidate, baseline].map((arm) => all(arm)) as [Float64Array, Float64Array];
  const [cq, bq] = [quantile(c, rule.quantile), quantile(b, rule.quantile)];
  const drawn = draw(candidate, baseline, [c, b], rule);
  const worse = worseBy(rule.direction);
  const base: Comparison = {
    verdict: "not-evaluated",
    reason: null,
    why: null,
    candidate: cq,
    baseline: bq,
    change: worse(cq, bq),
    ...drawn,
    level: 1 - 2 * rule.alpha,
    margin: rule.margin,
    p_harm_holm: NaN,
    improved: drawn.high < 0,
    method: "cluster_percentile",
    engine: "order_stats",
    replicates: rule.replicates,
    samples: [c.length, b.length],
    runs: [candidate.length, baseline.length],
    welch_log: welch(candidate, baseline, rule),
  };
  const said = (verdict: Verdict, reason: string | null, why: string | null = null) => ({
    ...base,
    verdict,
    reason,
    why,
  });
  const refusal = refused(base, rule, quantile(c, 0.5) / quantile(b, 0.5));
  if (refusal !== null) return { ...said(...refusal), p_harm: NaN, p_safety: NaN };
  if (base.high < rule.margin) {
    const same = c.every((value) => value === c[0]) && b.every((value) => value === c[0]);
    return said("pass", same ? "degenerate" : base.improved ? "improved" : null);
  }
  const range = `${percent(base.change)}, ${percent(base.low)} to ${percent(base.high)}`;
  if (base.low > rule.margin) return said("fail", "over-margin", `worse by ${range}; margin ${percent(rule.margin)}`);
  return said("inconclusive", "straddles-margin", `${range} holds the margin of ${percent(rule.margin)}`);
}

/**
 * A gate fails if any of its comparisons does, so harm counts only where it stands after Holm's adjustment over all of them; those
 * that gave no p count too. A pass needs every comparison to pass, and no adjustment.
 *
 * @param alpha one-sided
 */
export function settleFamily(comparisons: readonly Comparison[], alpha: number): Comparison[] {
  const adjusted = holm(comparisons.map(({ p_harm }) => p_harm));
  return comparisons.map((one, i): Comparison => {
    const p = adjusted[i]!;
    if (one.verdict !== "fail" || !(p > alpha)) return { ...one, p_harm_holm: p };
    const fewest = Math.ceil(comparisons.length / alpha);
    const why = one.replicates < fewest
      ? `${one.why}; proven only before the adjustment for ${comparisons.length} comparisons, for which ${fewest} replicates are needed`
      : `${one.why}; proven only before the adjustment for ${comparisons.length} comparisons (p ${p.toPrecision(2)})`;
    return { ...one, p_harm_holm: p, verdict: "inconclusive", reason: "not-after-holm", why };
  });
}

/** What keeps two arms from being compared. `shift`: ratio of the medians. */
function refused(c: Comparison, rule: Rule, shift: number): [Verdict, string, string] | null {
  const [m, n] = c.samples;
  const [k, l] = c.runs;
  if (m === 0 || n === 0) {
    return ["not-evaluated", "no-data", `no samples of the ${m === 0 ? "candidate" : "baseline"}`];
  }
  if (Number.isNaN(c.candidate) || Number.isNaN(c.baseline)) {
    const which = Number.isNaN(c.candidate) ? "candidate" : "baseline";
    return ["inconclusive", "nan", `a value of the ${which} is not a number`];
  }
  if (!(c.baseline > 0 && c.baseline < Infinity)) {
    const what = c.baseline === Infinity ? "is infinite: too few requests got a token" : "is not above 0";
    return ["not-evaluated", "baseline-quantile", `the baseline's p${100 * rule.quantile} ${what}`];
  }
  const floor = Math.max(rule.minSamples, rule.quantile > 0.5 ? samplesToBound(rule.quantile) : 0, 2);
  if (Math.min(m, n) < Math.max(rule.minSamples, 2)) {
    return ["inconclusive", "below-floor", `${m} and ${n} samples, ${floor} of each would do`];
  }
  if (Math.min(k, l) < FEWEST_RUNS) {
    return ["inconclusive", "too-few-runs", `${k} and ${l} runs, ${FEWEST_RUNS} of each are needed (10 are better)`];
  }
  if (UNITS.some((unit) => shift > unit / UNIT_SLACK && shift < unit * UNIT_SLACK)) {
    return ["inconclusive", "unit-suspect", `values are ${shift.toPrecision(3)} times the baseline's: another unit?`];
  }
  if (Number.isNaN(c.low) || Number.isNaN(c.high)) {
    return ["inconclusive", "infinite", "in part of the resamples too few requests of either arm got a token"];
  }
  return null;
}

function worseBy(direction: Rule["direction"]): (candidate: number, baseline: number) => number {
  return direction === "lower_is_better" ? (c, b) => c / b - 1 : (c, b) => 1 - c / b;
}

type Drawn = Pick<Comparison, "low" | "high" | "p_harm" | "p_safety" | "delta_low" | "delta_high">;

function draw(candidate: Arm, baseline: Arm, [c, b]: readonly [Float64Array, Float64Array], rule: Rule): Drawn {
  const { replicates, key, margin, alpha } = rule;
  const of = (values: Float64Array, arm: Arm, name: string) =>
    bootstrapReplicates(values, { quantile: rule.quantile }, {
      replicates,
      clusters: runOf(arm),
      seed: `${key}/${name}`,
    });
  const [cs, bs] = [of(c, candidate, "candidate"), of(b, baseline, "baseline")];
  const worse = worseBy(rule.direction);
  const changes = cs.map((value, i) => worse(value, bs[i]!)).sort();
  const deltas = cs.map((value, i) => value - bs[i]!).sort();
  const share = (holds: (change: number) => boolean) =>
    Number.isNaN(changes.at(-1) ?? NaN) ? NaN : (1 + changes.filter(holds).length) / (replicates + 1);
  return {
    low: quantileOfSorted(changes, alpha),
    high: quantileOfSorted(changes, 1 - alpha),
    p_harm: share((change) => change <= margin),
    p_safety: share((change) => change >= margin),
    delta_low: quantileOfSorted(deltas, alpha),
    delta_high: quantileOfSorted(deltas, 1 - alpha),
  };
}

function welch(candidate: Arm, baseline: Arm, rule: Rule): Comparison["welch_log"] {
  if (Math.min(candidate.length, baseline.length) < WELCH_RUNS) return null;
  const logs = (arm: Arm) => arm.map((run) => Math.log(quantile(run, rule.quantile)));
  const [x, y] = [logs(candidate), logs(baseline)];
  if (![...x, ...y].every(Number.isFinite)) return null;
  const { estimate, low, high } = welchInterval(x, y, { level: 1 - 2 * rule.alpha });
  const change = rule.direction === "lower_is_better" ? Math.expm1 : (log: number) => -Math.expm1(log);
  const [one, two] = [change(low), change(high)];
  return { change: change(estimate), low: Math.min(one, two), high: Math.max(one, two) };
}

function all(arm: Arm): Float64Array {
  const values = new Float64Array(arm.reduce((size, run) => size + run.length, 0));
  arm.reduce((at, run) => (values.set(run, at), at + run.length), 0);
  return values;
}

/** Of each value, in the order of `all`. */
function runOf(arm: Arm): Uint32Array {
  const index = new Uint32Array(arm.reduce((size, run) => size + run.length, 0));
  arm.reduce((at, run, i) => (index.fill(i, at, at + run.length), at + run.length), 0);
  return index;
}

/** `+4.9 %`. */
export function percent(ratio: number): string {
  if (!Number.isFinite(ratio)) return Number.isNaN(ratio) ? "?" : ratio > 0 ? "+inf" : "-inf";
  return `${ratio >= 0 ? "+" : ""}${(100 * ratio).toFixed(1)} %`;
}
