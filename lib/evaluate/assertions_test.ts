import { assertEquals } from "@std/assert";
import { type Assertion, SCENARIO_PHASES } from "../model/scenario.ts";
import { loadScenario, scenarioNames } from "../source/scenario_files.ts";
import { syntheticRequests } from "../source/synthetic.ts";
import { evaluateAssertions, type PhaseData } from "./assertions.ts";

Deno.test("assertions over data: pass, fail, and no data is neither", () => {
  const data: PhaseData = {
    baseline: { ttft_ms: [100, 100, 100], empty: [] },
    fault: { ttft_ms: [100, 200, 300], bad: [NaN], empty: [] },
  };
  const rows: [Partial<Assertion>, string, number | null, number | null][] = [
    [{ metric: "ttft_ms.p50", operator: ">=", value: 200 }, "pass", 200, 200],
    [{ metric: "ttft_ms.p50", operator: ">", value: 200 }, "fail", 200, 200],
    [{ metric: "ttft_ms.max", operator: "<=", value: 300 }, "pass", 300, 300],
    [{ metric: "ttft_ms.mean", operator: "<", value: 200 }, "fail", 200, 200],
    [{ metric: "ttft_ms.count", operator: "==", value: 3 }, "pass", 3, 3],
    [{ metric: "ttft_ms.p50", operator: ">=", value: 2, relative_to: "baseline" }, "pass", 200, 200],
    [{ metric: "ttft_ms.p50", operator: ">=", value: 2.1, relative_to: "baseline" }, "fail", 200, 210],
    [{ metric: "ttft_ms.p50", operator: ">=", value: 2, relative_to: "recovery" }, "not-evaluated", 200, null],
    [{ metric: "ttft_ms.p50", operator: "<", value: 9e9, phase: "recovery" }, "not-evaluated", null, 9e9],
    [{ metric: "dns_latency_ms.p50", operator: "<", value: 9e9 }, "not-evaluated", null, 9e9],
    [{ metric: "empty.p95", operator: "<", value: 9e9 }, "not-evaluated", null, 9e9],
    [{ metric: "empty.sum", operator: "==", value: 0 }, "pass", 0, 0],
    [{ metric: "bad.mean", operator: "<", value: 9e9 }, "not-evaluated", null, 9e9],
  ];
  for (const [part, verdict, observed, bound] of rows) {
    const assertion = { phase: "fault", ...part } as Assertion;
    const [outcome] = evaluateAssertions([assertion], data);
    assertEquals([outcome?.verdict, outcome?.observed, outcome?.bound], [verdict, observed, bound], outcome?.sentence);
  }
});

Deno.test("the assertions of every scenario hold over its own synthetic requests, and fail over a baseline's", () => {
  const series = (from: string): PhaseData =>
    Object.fromEntries(SCENARIO_PHASES.map((phase) => {
      const requests = [...syntheticRequests({ scenario: loadScenario(from), count: 600, seed: 42, phase })];
      const signals = Object.keys(requests[0]!.signals).map((signal) => [
        signal,
        requests.map((request) => request.signals[signal]!),
      ]);
      return [phase, {
        ttft_ms: requests.map((request) => request.ttftMs),
        token_throughput_tps: requests.map((request) => request.tokensPerSecond),
        error_rate: requests.map((request) => request.failed ? 1 : 0),
        ...Object.fromEntries(signals),
      }];
    }));
  for (const name of scenarioNames()) {
    const { assertions } = loadScenario(name);
    const own = evaluateAssertions(assertions, series(name));
    assertEquals(own.filter((o) => o.verdict !== "pass").map((o) => o.sentence), [], name);
    if (name === "baseline") continue;
    const calm = evaluateAssertions(assertions, series("baseline"));
    assertEquals(calm.some((o) => o.verdict === "fail"), true, name);
  }
});
