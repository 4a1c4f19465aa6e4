/** How much do reruns differ? The coefficient of variation of a statistic of each run. Pure. */
import { mean, stddev } from "../../stats/describe.ts";
import { cvInterval } from "../../stats/mean_interval.ts";
import { COMPARE } from "../cd.ts";
import type { Evidence } from "../evidence.ts";
import { undecided } from "../finding.ts";
import { type Judgement, short, worstOf } from "../judgement.ts";
import type { Gate } from "../policy.ts";
import { type Group, groupsOf } from "../values.ts";
import { aggregate, strange } from "./threshold.ts";

type Variance = Extract<Gate, { kind: "variance" }>;

export function judgeVariance(gate: Variance, evidence: Evidence): Judgement {
  const limit = `CV of ${gate.agg} over runs ${gate.op} ${gate.value} %`;
  return worstOf(
    groupsOf(evidence, gate.field, gate.by).map((group) => [group.name, judge(gate, group, limit)]),
    limit,
  );
}

function judge(gate: Variance, group: Group, limit: string): Judgement {
  const broken = strange(group, 0, limit);
  if (broken !== null) return broken;
  const runs = [...group.runs.values()];
  if (runs.length < gate.minRuns) {
    return undecided(
      "inconclusive",
      "too-few-runs",
      `${runs.length} runs, ${gate.minRuns} would do`,
      limit,
      runs.length,
    );
  }
  const least = Math.min(...runs.map((run) => run.length));
  if (gate.minSamples !== null && least < gate.minSamples) {
    return undecided(
      "inconclusive",
      "below-floor",
      `a run has ${least} samples, ${gate.minSamples} would do`,
      limit,
      least,
    );
  }
  const values = runs.map((run) => aggregate(gate.agg, run));
  const [centre, spread] = [mean(values), stddev(values)];
  const base = { limit, n: runs.length, method: "cv_pct" };
  if (centre === 0 && spread === 0) {
    const said = "every run came to 0, and none differs";
    return { ...base, value: 0, interval: null, verdict: "pass", reason: "degenerate", said };
  }
  const { estimate, low, high } = cvInterval(values);
  const value = 100 * estimate;
  if (centre === 0 || !Number.isFinite(value)) {
    const said = centre === 0 ? "the mean is 0, and the runs differ" : "a run came to no finite number";
    return { ...base, value: null, interval: null, verdict: "inconclusive", reason: "not-finite", said };
  }
  // The limit is one on what was seen; how little that says of three runs stands beside it.
  const holds = COMPARE[gate.op](value, gate.value);
  const interval = [100 * low, 100 * high] as const;
  const said = `${short(value)} % over ${runs.length} runs (95 %: ${short(interval[0])} to ${short(interval[1])} %)`;
  return { ...base, value, interval, verdict: holds ? "pass" : "fail", reason: null, said };
}
