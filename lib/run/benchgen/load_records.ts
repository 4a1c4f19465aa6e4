/** What the load generator wrote -> the requests of a benchmark, each in the phase it was due in. */
import type { RequestRecord } from "../../model/request_record.ts";
import type { ScenarioPhase } from "../../model/scenario.ts";
import type { BenchRequest } from "./run_result.ts";

export type WindowName = ScenarioPhase | "off";

export interface Window {
  readonly name: WindowName;
  /** Kernel clock. */
  readonly startNs: number;
  readonly endNs: number;
}

export interface TimedRequest extends Omit<BenchRequest, "phase" | "faultLabel"> {
  readonly window: WindowName;
  /** Into its window. */
  readonly intoMs: number;
}

/**
 * @param lines requests.jsonl; what was due outside every window is left out. What was still waiting as the load ended counts as
 * failed: to leave it out would make a slow service look fast.
 */
export function requestsIn(
  lines: string,
  windows: readonly Window[],
  toIso: (ns: number) => string,
): TimedRequest[] {
  return lines.split("\n").filter((line) => line !== "").flatMap((line) => {
    const record = JSON.parse(line) as RequestRecord;
    const due = record.g_ns ?? record.s_ns;
    const window = due === null ? undefined : windows.find(({ startNs, endNs }) => startNs <= due && due < endNs);
    if (due === null || window === undefined) return [];
    return [{ ...timed(record, due, toIso), window: window.name, intoMs: (due - window.startNs) / 1e6 }];
  });
}

function timed(record: RequestRecord, due: number, toIso: (ns: number) => string) {
  const [first, last] = [record.t_ns[0], record.t_ns.at(-1)];
  const failed = record.outcome !== "ok";
  const tokens = record.n_out ?? record.t_ns.length;
  return {
    requestId: `req-${record.id}`,
    traceId: record.trace_id,
    timestamp: toIso(due),
    ttftMs: first === undefined ? Infinity : (first - due) / 1e6,
    latencyMs: record.e_ns === null ? Infinity : (record.e_ns - due) / 1e6,
    // Of what came after the first token; one token alone has no rate but that of its whole answer.
    tokensPerSecond: failed || first === undefined || last === undefined
      ? 0
      : last > first
      ? (tokens - 1) / ((last - first) / 1e9)
      : tokens / ((last - due) / 1e9),
    failed,
  };
}
