/** An invented run: for trying the tools without a kernel. Every file of it says synthetic. */
import { type Scenario, SCENARIO_PHASES } from "../../model/scenario.ts";
import { emptyDocuments } from "../../source/documents.ts";
import { syntheticRequests } from "../../source/synthetic.ts";
import { faultSample, rawSample, SYNTHETIC_PLACE } from "../../source/synthetic_documents.ts";
import type { AttributionMode } from "../attributor.ts";
import { attributeFaults } from "../attributor_faults.ts";
import type { RunResult } from "./run_result.ts";

const REQUESTS_A_PHASE = 200;
export const SYNTHETIC_NOTE = "synthetic: nothing was measured";

export function syntheticRun(
  scenario: Scenario,
  seed: number,
  mode: AttributionMode,
  workload: string | undefined,
): RunResult {
  const place = { ...SYNTHETIC_PLACE, ...(workload === undefined ? {} : { workload }) };
  const invented = SCENARIO_PHASES.map((phase) => ({
    phase,
    requests: [...syntheticRequests({ scenario, count: REQUESTS_A_PHASE, seed, phase })],
  }));
  const faults = invented[1]!.requests.map((request) => faultSample(request, scenario.name, place));
  return {
    origin: "synthetic",
    place,
    requests: invented.flatMap(({ phase, requests }) =>
      requests.map((request) => {
        const row = rawSample(request, scenario.name, place);
        return {
          phase,
          requestId: row.request_id,
          traceId: row.trace_id,
          timestamp: row.timestamp,
          ttftMs: row.ttft_ms,
          latencyMs: row.request_latency_ms,
          tokensPerSecond: row.token_throughput_tps,
          failed: request.failed,
          faultLabel: row.fault_label,
        };
      })
    ),
    signals: Object.fromEntries(invented.map(({ phase, requests }) => [
      phase,
      Object.fromEntries(
        Object.keys(requests[0]?.signals ?? {}).map((name) => [name, requests.map((r) => r.signals[name]!)]),
      ),
    ])) as unknown as RunResult["signals"],
    beside: [],
    attributed: attributeFaults({ ...emptyDocuments(), faults, synthetic: true }, mode, { err: () => {} }),
    overhead: [],
    unmeasured: SYNTHETIC_NOTE,
    paired: null,
    started: null,
    finished: null,
    notes: [],
  };
}
