/** Does it get worse with time? A slope that a few wild minutes cannot bend, over all the time there is. Pure. */
import { parseTimeMs } from "../../model/time.ts";
import { theilSen } from "../../stats/theil_sen.ts";
import type { Evidence, Row } from "../evidence.ts";
import { undecided } from "../finding.ts";
import { type Judgement, short } from "../judgement.ts";
import type { Gate } from "../policy.ts";
import { cell, groupsOf } from "../values.ts";
import { aggregate, strange } from "./threshold.ts";

type Trend = Extract<Gate, { kind: "trend" }>;

const UNIT_MS = { second: 1000, minute: 60_000, hour: 3_600_000 } as const;

export function judgeTrend(gate: Trend, evidence: Evidence): Judgement {
  const rel = "rel" in gate.value;
  const bound = "rel" in gate.value ? gate.value.rel : gate.value.abs;
  const limit = `rise over the whole ${gate.op} ${rel ? `${short(100 * bound)} %` : bound}`;
  const [all] = groupsOf(evidence, gate.field, []);
  if (all === undefined) return undecided("not-evaluated", "no-data", "there are no rows", limit);
  const broken = strange(all, 0, limit);
  if (broken !== null) return broken;
  const points = new Map<number, number[]>();
  for (const row of evidence.files.flatMap(({ rows }) => rows)) {
    const x = timeOf(row, gate.per);
    if (x === null) return undecided("inconclusive", "undated", `a row has neither ${gate.per} nor timestamp`, limit);
    const bin = Math.floor(x);
    points.set(bin, [...points.get(bin) ?? [], cell(row, gate.field)!]);
  }
  const xs = [...points.keys()].sort((a, b) => a - b);
  const ys = xs.map((x) => aggregate(gate.agg, points.get(x)!));
  const floor = gate.minSamples ?? 1;
  if (xs.length < floor) {
    return undecided("inconclusive", "below-floor", `${xs.length} ${gate.per}s, ${floor} would do`, limit, xs.length);
  }
  const { slope, intercept, low, high } = theilSen(xs, ys, { level: gate.level });
  const length = xs.at(-1)! - xs[0]!;
  const begin = intercept + slope * xs[0]!;
  if (rel && !(begin > 0)) {
    return undecided(
      "not-evaluated",
      "baseline-zero",
      `it begins at ${short(begin)}: nothing to take a share of`,
      limit,
    );
  }
  const scale = rel ? begin : 1;
  const [rise, least, most] = [slope, low, high].map((one) => one * length / scale) as [number, number, number];
  const base = {
    value: rise,
    limit,
    n: xs.length,
    interval: [least, most] as const,
    method: `theil_sen ${gate.level}`,
  };
  const words = (value: number) => rel ? `${short(100 * value)} %` : short(value);
  const said = `${words(rise)} (${words(least)} to ${words(most)}) over ${xs.length} ${gate.per}s`;
  const [good, bad] = gate.op === "<=" ? [most <= bound, least > bound] : [least >= bound, most < bound];
  if (good || bad) return { ...base, verdict: good ? "pass" : "fail", reason: null, said };
  return { ...base, verdict: "inconclusive", reason: "straddles", said: `${said}: a longer run would settle it` };
}

/** In units since any moment: a column of that name, or the row's timestamp. */
function timeOf(row: Row, per: Trend["per"]): number | null {
  const own = cell(row, per);
  if (own !== null) return Number.isFinite(own) ? own : null;
  const ms = typeof row.timestamp === "string" ? parseTimeMs(row.timestamp) : NaN;
  return Number.isNaN(ms) ? null : ms / UNIT_MS[per];
}
