/** A number of the evidence against a limit: a mean, a quantile, a share. Pure. */
import { quantile } from "../../stats/describe.ts";
import { exactInterval, wilsonInterval } from "../../stats/proportion.ts";
import { quantileInterval, samplesToBound } from "../../stats/quantile_interval.ts";
import { sum } from "../../stats/sum.ts";
import { COMPARE } from "../cd.ts";
import type { Evidence } from "../evidence.ts";
import { undecided } from "../finding.ts";
import { type Judgement, short, worstOf } from "../judgement.ts";
import type { Aggregate, Gate } from "../policy.ts";
import { type Group, groupsOf } from "../values.ts";

type Threshold = Extract<Gate, { kind: "threshold" }>;

export function judgeThreshold(gate: Threshold, evidence: Evidence): Judgement {
  const limit = limitOf(gate);
  const found = gate.ratio === null
    ? groupsOf(evidence, gate.field!, gate.by).map((group) => [group.name, judgeGroup(gate, group, limit)] as const)
    : ratiosOf(gate, gate.ratio, evidence, limit);
  // One good group is enough only where the policy says so: the largest of them is to be at least, or the smallest at most.
  const best = gate.reduce === "max" && isLower(gate) || gate.reduce === "min" && isUpper(gate);
  if (!best || found.some(([, { value }]) => value === null)) return worstOf(found, limit);
  const sign = gate.reduce === "max" ? 1 : -1;
  return worstOf(found.toSorted(([, a], [, b]) => sign * (b.value! - a.value!)).slice(0, 1), limit);
}

function limitOf({ agg, op, value, bound, ratio }: Threshold): string {
  const what = ratio === null ? agg : `${ratio.good}/${ratio.total}`;
  return `${what} ${op} ${value}${bound === "point" ? "" : ` (${bound})`}`;
}

const isUpper = ({ op }: Threshold) => op === "<" || op === "<=";
const isLower = ({ op }: Threshold) => op === ">" || op === ">=";

function judgeGroup(gate: Threshold, group: Group, limit: string): Judgement {
  const broken = strange(group, gate.maxMissing, limit);
  if (broken !== null) return broken;
  if (gate.agg === "rate") {
    if (group.values.some((value) => value !== 0 && value !== 1)) {
      return undecided(
        "inconclusive",
        "no-share",
        "a rate is made of 0 and 1, true and false, and there are others",
        limit,
      );
    }
    if (group.missing > 0) return unknown(group, limit);
    return judgeShare(gate, sum(group.values), group.values.length, limit);
  }
  // What is missing counts as the worst there is, so that leaving a value out helps nobody. A mean of that is no number.
  if (group.missing > 0 && (!gate.agg.startsWith("p") || gate.op === "==")) return unknown(group, limit);
  const worst = isUpper(gate) ? Infinity : -Infinity;
  const values = [...group.values, ...Array<number>(group.missing).fill(worst)];
  return judgeValues(gate, values, limit);
}

/** What no number may be made of, or null. */
export function strange(group: Group, maxMissing: number, limit: string): Judgement | null {
  if (group.rows === 0) return undecided("not-evaluated", "no-data", "there are no rows", limit);
  if (group.negative > 0) {
    return {
      ...undecided("not-evaluated", "negative", `${group.negative} values are below 0, which nothing can be`, limit),
      integrity: true,
    };
  }
  if (group.strange > 0) {
    return undecided(
      "inconclusive",
      "nan",
      `${group.strange} of ${group.rows} values are no numbers`,
      limit,
      group.rows,
    );
  }
  if (group.missing === group.rows) return undecided("not-evaluated", "no-data", "no row has that field", limit);
  return group.missing / group.rows > maxMissing ? unknown(group, limit) : null;
}

function unknown({ missing, rows }: Group, limit: string): Judgement {
  const share = (100 * missing / rows).toFixed(2);
  return undecided(
    "inconclusive",
    "missing-values",
    `${missing} of ${rows} rows (${share} %) lack the field`,
    limit,
    rows,
  );
}

function judgeValues(gate: Threshold, values: readonly number[], limit: string): Judgement {
  const n = values.length;
  const floor = gate.minSamples ?? floorOf(gate.agg);
  if (n < floor) return undecided("inconclusive", "below-floor", `${n} samples, ${floor} would do`, limit, n);
  const value = aggregate(gate.agg, values);
  if (gate.bound !== "order_stat_upper") {
    return decided(
      gate,
      value,
      n,
      limit,
      null,
      COMPARE[gate.op](value, gate.value),
      !COMPARE[gate.op](value, gate.value),
    );
  }
  // One-sided at the level: the limit of an interval that leaves as much on the other side.
  const { low, high } = quantileInterval(values, quantileOf(gate.agg)!, { level: 1 - 2 * (1 - gate.level) });
  return decided(
    gate,
    value,
    n,
    limit,
    [low, high],
    COMPARE[gate.op](high, gate.value),
    !COMPARE[gate.op](low, gate.value),
  );
}

function judgeShare(gate: Threshold, k: number, n: number, limit: string): Judgement {
  if (!(n > 0)) return undecided("inconclusive", "no-traffic", `n=${n}`, limit, n);
  if (!(k >= 0 && k <= n)) return undecided("inconclusive", "bad-counters", `${k} of ${n} is no share`, limit, n);
  const floor = gate.minSamples ?? 1;
  if (n < floor) return undecided("inconclusive", "below-floor", `${n} counted, ${floor} would do`, limit, n);
  const holds = COMPARE[gate.op];
  if (gate.bound === "point") {
    return decided(gate, k / n, n, limit, null, holds(k / n, gate.value), !holds(k / n, gate.value));
  }
  const of = gate.bound.startsWith("wilson") ? wilsonInterval : exactInterval;
  const { low, high } = of(k, n, { level: gate.level });
  const [safe, harm] = isUpper(gate) ? [high, low] : [low, high];
  return decided(gate, k / n, n, limit, [low, high], holds(safe, gate.value), !holds(harm, gate.value));
}

function decided(
  gate: Threshold,
  value: number,
  n: number,
  limit: string,
  interval: readonly [number, number] | null,
  good: boolean,
  bad: boolean,
): Judgement {
  const range = interval === null ? "" : ` (${short(interval[0])} to ${short(interval[1])})`;
  const base = { value, limit, n, interval, method: interval === null ? "point" : `${gate.bound} ${gate.level}` };
  const said = `${short(value)}${range} of ${n}`;
  if (!good && !bad) {
    return { ...base, verdict: "inconclusive", reason: "straddles", said: `${said}: more would settle it` };
  }
  if (good && !Number.isFinite(value)) {
    return { ...base, verdict: "inconclusive", reason: "not-finite", said: `${said}: as a division by 0 is` };
  }
  const warned = good && gate.warnValue !== null && !COMPARE[gate.op](value, gate.warnValue);
  return {
    ...base,
    verdict: good ? "pass" : "fail",
    reason: warned ? "warning-band" : null,
    said,
    ...(warned ? { warned } : {}),
  };
}

function ratiosOf(
  gate: Threshold,
  ratio: NonNullable<Threshold["ratio"]>,
  evidence: Evidence,
  limit: string,
): (readonly [string, Judgement])[] {
  const totals = new Map(groupsOf(evidence, ratio.total, gate.by).map((group) => [group.name, group]));
  return groupsOf(evidence, ratio.good, gate.by).map((good) => {
    const total = totals.get(good.name)!;
    const broken = strange(good, 0, limit) ?? strange(total, 0, limit);
    return [good.name, broken ?? judgeShare(gate, sum(good.values), sum(total.values), limit)] as const;
  });
}

export function aggregate(agg: Aggregate, values: readonly number[]): number {
  const q = quantileOf(agg);
  if (q !== null) return quantile(values, q);
  const total = sum(values);
  return agg === "sum" ? total : total / values.length;
}

export function quantileOf(agg: Aggregate): number | null {
  return agg.startsWith("p") ? Number(agg.slice(1)) / 100 : null;
}

/** The fewest values whose largest bounds the quantile at 95 %: 59 for p95, 299 for p99. */
function floorOf(agg: Aggregate): number {
  const q = quantileOf(agg);
  return q === null || q <= 0.5 ? 1 : samplesToBound(q);
}
