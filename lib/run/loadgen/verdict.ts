/** May a load run be judged, and what is the judgement? Pure. */
import { combine } from "../../gate/verdict.ts";
import type { Innocence } from "../../load/innocence.ts";
import { measure } from "../../model/measure.ts";
import type { RequestRecord } from "../../model/request_record.ts";
import { quantileOfSorted, sorted } from "../../stats/describe.ts";
import type { LoadReport } from "./load_report.ts";
import type { LoadgenOptions } from "./options.ts";
import type { SloOutcome } from "./slo.ts";

/** 5 % of the tightest limit that is to be judged; without one, of what is seen, and at least what such a loop is good for. */
export function limitOf(
  { clientLagMs }: LoadgenOptions,
  slos: readonly SloOutcome[],
  records: readonly RequestRecord[],
  shown: string,
): { ms: number; is: string } {
  if (clientLagMs !== undefined) return { ms: clientLagMs, is: "--max-client-lag-ms" };
  const limits = slos.filter(({ verdict }) => verdict !== "not-evaluated")
    .flatMap(({ criteria }) => criteria.filter(({ limit }) => limit === "<="));
  if (limits.length > 0) {
    const tightest = limits.reduce((least, one) => one.value < least.value ? one : least);
    return { ms: 0.05 * tightest.value, is: `5 % of ${tightest.def} ${tightest.limit} ${tightest.value} ms` };
  }
  const values = sorted(records.flatMap((record) => record.outcome === "ok" ? [...measure(shown, record)] : []));
  const share = values.length === 0 ? 0 : 0.05 * quantileOfSorted(values, 0.5);
  return share > LEAST_LIMIT_MS
    ? { ms: share, is: `5 % of ${shown} p50` }
    : { ms: LEAST_LIMIT_MS, is: "the least without --slo" };
}

const LEAST_LIMIT_MS = 25;

/** @param stops why the run is no whole one; empty: it is */
export function verdict(
  client: Innocence,
  slos: readonly SloOutcome[],
  records: readonly RequestRecord[],
  stops: readonly string[],
): Pick<LoadReport, "verdict" | "reasons"> {
  const reasons = [...client.reasons, ...stops];
  if (records.length === 0) return { verdict: "no_data", reasons: ["no request was due in the window", ...stops] };
  const found = slos.flatMap((slo) => slo.reasons);
  const evaluated = slos.filter((slo) => slo.verdict !== "not-evaluated").map((slo) => slo.verdict);
  // That nothing at all was answered is the server's or the address's doing, however late the client was.
  if (evaluated.length === 0 && !records.some((record) => record.outcome === "ok")) {
    return { verdict: "no_data", reasons: ["no request ended well", ...reasons] };
  }
  // A client that is not innocent has nothing to say about latency, whatever the figures say.
  if (reasons.length > 0) return { verdict: "inconclusive", reasons };
  return evaluated.length > 0
    ? { verdict: combine(evaluated) as "pass" | "fail" | "inconclusive", reasons: found }
    : { verdict: null, reasons };
}
