/** B5: what watching costs, by node. Pure. */
import { mean, quantile } from "../stats/describe.ts";
import { samplesToBound } from "../stats/quantile_interval.ts";
import type { Judged, Parameters } from "./m5_evidence.ts";
import { combine, type Verdict } from "./verdict.ts";

/** Rows of a node under which its p95 has no upper bound at 95 %. */
export const NODE_FLOOR = samplesToBound(0.95);

export interface Overhead extends Judged {
  readonly max_observed_pct: number | null;
  readonly mean_observed_pct: number | null;
  readonly sample_count: number;
  readonly node_p95_observed: Readonly<Record<string, number>>;
  readonly max_node_p95_pct: number;
}

/**
 * CPU in percent of one CPU, by node, pooled over all runs. The p95 of every node and the mean of all rows must stay within the bound.
 *
 * @param unmeasured why some of it was not measured, or is not there; it then passes for nothing, and is still judged for harm
 */
export function judgeOverhead(
  byNode: ReadonlyMap<string, readonly number[]>,
  unmeasured: readonly string[],
  { maxOverheadPct }: Pick<Parameters, "maxOverheadPct">,
): Overhead {
  const nodes = [...byNode].sort(([a], [b]) => a < b ? -1 : 1);
  const all = nodes.flatMap(([, rows]) => rows);
  const base = {
    max_observed_pct: all.length === 0 ? null : quantile(all, 1),
    mean_observed_pct: all.length === 0 ? null : mean(all),
    sample_count: all.length,
    node_p95_observed: Object.fromEntries(nodes.map(([node, rows]) => [node, quantile(rows, 0.95)])),
    max_node_p95_pct: maxOverheadPct,
  };
  const found: [Verdict, string, string][] = unmeasured.map((why) => ["not-evaluated", "not-measured", why]);
  if (all.length === 0 && found.length === 0) {
    found.push(["not-evaluated", "no-data", "no rows of collector_overhead.csv"]);
  }
  if (all.some(Number.isNaN)) found.push(["inconclusive", "nan", "a CPU value is not a number"]);
  for (const [node, rows] of nodes) found.push(...ofNode(node, rows, maxOverheadPct));
  if (all.length >= NODE_FLOOR && mean(all) > maxOverheadPct) {
    found.push(["fail", "over-limit", `the mean is ${mean(all).toFixed(2)} %, over ${maxOverheadPct} %`]);
  }
  const verdict = found.length === 0 ? "pass" : combine(found.map(([verdict]) => verdict));
  return {
    ...base,
    verdict,
    reason: found.find(([of]) => of === verdict)?.[1] ?? null,
    reasons: found.map(([, , sentence]) => `overhead: ${sentence}`),
    ...(verdict === "pass" || verdict === "fail" ? {} : { settle: "sloctl benchgen --live" }),
  };
}

function ofNode(node: string, rows: readonly number[], limit: number): [Verdict, string, string][] {
  if (rows.length < NODE_FLOOR) {
    return [["inconclusive", "below-floor", `node ${node} has ${rows.length} rows, ${NODE_FLOOR} would do`]];
  }
  const p95 = quantile(rows, 0.95);
  return p95 > limit ? [["fail", "over-limit", `p95 of node ${node} is ${p95.toFixed(2)} %, over ${limit} %`]] : [];
}
