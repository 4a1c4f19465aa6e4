/** The files of one run, exactly those of the contract and three beside them; the summary's numbers follow from the CSVs. */
import { type AssertionOutcome, evaluateAssertions, type PhaseData } from "../../evaluate/assertions.ts";
import { classMetricsCsv, confusionCsv, scoreAttribution } from "../../evaluate/attribution_score.ts";
import { toJson } from "../../model/json.ts";
import { type Scenario, SCENARIO_PHASES, type ScenarioPhase } from "../../model/scenario.ts";
import { ms } from "../../report/format.ts";
import { markdownTable } from "../../report/markdown.ts";
import { mean, quantile } from "../../stats/describe.ts";
import { predictionsCsv, scored, summary } from "../attributor_outputs.ts";
import type { BenchRequest, RunResult } from "./run_result.ts";

export interface RunFiles {
  /** By name; without provenance.json, which is written last and names them. */
  readonly files: Readonly<Record<string, string>>;
  readonly outcomes: readonly AssertionOutcome[];
}

/** One row of the phases' table; recomputable from requests.csv. */
interface PhaseRow {
  readonly phase: ScenarioPhase;
  readonly requests: number;
  readonly failed: number;
  readonly ttft_p50_ms: number | null;
  readonly ttft_p95_ms: number | null;
  readonly tokens_p50_tps: number | null;
}

export function runFiles(scenario: Scenario, result: RunResult): RunFiles {
  const { requests, attributed } = result;
  const outcomes = evaluateAssertions(scenario.assertions, phaseData(result));
  const score = scoreAttribution(scored(attributed.cases));
  const phases = SCENARIO_PHASES.map((phase) => phaseRow(phase, requests));
  const overhead = overheadNumbers(result);
  const said = {
    ...summary(attributed),
    scenario: scenario.name,
    phases,
    overhead,
    paired: result.paired,
    assertions: outcomes,
    ...(result.notes.length > 0 ? { notes: result.notes } : {}),
  };
  const text = report(scenario, result, phases, overhead, outcomes, score.accuracy);
  return {
    outcomes,
    files: {
      "raw_samples.jsonl": rawSamples(scenario, result),
      "requests.csv": requestsCsv(requests),
      "series.csv": seriesCsv(scenario, result),
      "attribution_summary.json": `${toJson(said, 2)}\n`,
      "incident_predictions.csv": predictionsCsv(attributed.cases),
      "confusion_matrix.csv": confusionCsv(score),
      "class_metrics.csv": classMetricsCsv(score),
      "collector_overhead.csv": overheadCsv(result),
      "summary.md": text,
      "report.md": text,
    },
  };
}

/** The fault phase: what a release is judged by. */
function rawSamples(scenario: Scenario, { requests, place, origin }: RunResult): string {
  return requests.filter(({ phase }) => phase === "fault").map((request) =>
    `${
      toJson({
        timestamp: request.timestamp,
        ...place,
        request_id: request.requestId,
        trace_id: request.traceId,
        ttft_ms: request.ttftMs,
        request_latency_ms: request.latencyMs,
        token_throughput_tps: request.tokensPerSecond,
        error_rate: request.failed ? 1 : 0,
        fault_label: request.faultLabel,
        scenario: scenario.name,
        phase: request.phase,
        ...(origin === "synthetic" ? { synthetic: true } : {}),
      })
    }\n`
  ).join("");
}

function number(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? "+Inf" : "NaN";
}

/** What the summary says beside requests: values of the signals that assertions speak of, and what was measured beside. */
function seriesCsv({ assertions }: Scenario, { signals, beside }: RunResult): string {
  const named = new Set(assertions.map(({ metric }) => metric.slice(0, metric.lastIndexOf("."))));
  const values = SCENARIO_PHASES.flatMap((phase) =>
    Object.entries(signals[phase]).filter(([series]) => named.has(series)).flatMap(([series, values]) =>
      values.map((value) => ({ phase, series, value }))
    )
  );
  return "phase,series,value\n" +
    [...values, ...beside].map(({ phase, series, value }) => `${phase},${series},${number(value)}\n`).join("");
}

/** Every request of the run, all phases. */
function requestsCsv(requests: readonly BenchRequest[]): string {
  return "phase,request_id,timestamp,ttft_ms,request_latency_ms,token_throughput_tps,error_rate\n" +
    requests.map((r) =>
      `${r.phase},${r.requestId},${r.timestamp},${number(r.ttftMs)},${number(r.latencyMs)},${
        number(r.tokensPerSecond)
      },${r.failed ? 1 : 0}\n`
    ).join("");
}

function overheadCsv({ overhead, place }: RunResult): string {
  return "timestamp,node,collector_cpu_pct,collector_memory_mb,events_per_second,dropped_events\n" +
    overhead.map((row) =>
      `${row.timestamp},${place.node},${row.cpuPct},${row.memoryMb},${row.eventsPerSecond},${row.droppedEvents}\n`
    ).join("");
}

function phaseRow(phase: ScenarioPhase, all: readonly BenchRequest[]): PhaseRow {
  const own = all.filter((request) => request.phase === phase);
  const at = (values: number[], q: number) => values.length === 0 ? null : quantile(values, q);
  return {
    phase,
    requests: own.length,
    failed: own.filter((request) => request.failed).length,
    ttft_p50_ms: at(own.map((r) => r.ttftMs), 0.5),
    ttft_p95_ms: at(own.map((r) => r.ttftMs), 0.95),
    tokens_p50_tps: at(own.map((r) => r.tokensPerSecond), 0.5),
  };
}

function overheadNumbers({ overhead, unmeasured }: RunResult) {
  const cpu = overhead.map((row) => row.cpuPct);
  return cpu.length === 0 ? { measured: false, reason: unmeasured ?? "no rows" } : {
    measured: true,
    rows: cpu.length,
    mean_pct: mean(cpu),
    p95_pct: quantile(cpu, 0.95),
    max_pct: quantile(cpu, 1),
  };
}

function phaseData({ requests, signals }: RunResult): PhaseData {
  return Object.fromEntries(SCENARIO_PHASES.map((phase) => {
    const own = requests.filter((request) => request.phase === phase);
    return [phase, {
      ttft_ms: own.map((r) => r.ttftMs),
      token_throughput_tps: own.map((r) => r.tokensPerSecond),
      error_rate: own.map((r) => r.failed ? 1 : 0),
      ...signals[phase],
    }];
  }));
}

function report(
  scenario: Scenario,
  result: RunResult,
  phases: readonly PhaseRow[],
  overhead: ReturnType<typeof overheadNumbers>,
  outcomes: readonly AssertionOutcome[],
  accuracy: number | null,
): string {
  const cost = "reason" in overhead
    ? `Overhead: not measured (${overhead.reason}).`
    : `Overhead of the agent: mean ${overhead.mean_pct.toFixed(2)} %, p95 ${
      overhead.p95_pct.toFixed(2)
    } % of one CPU ` +
      `(user, system and BPF run time; ${overhead.rows} rows of 250 ms).`;
  const { paired } = result;
  const pair = paired === null ? [] : [
    `Agent off and on, the lab at rest (${paired.order}): TTFT p50 ${came(paired.off.ttft_p50_ms)} and ` +
    `${came(paired.on.ttft_p50_ms)}, p95 ${came(paired.off.ttft_p95_ms)} and ${
      came(paired.on.ttft_p95_ms)
    }; all CPUs ` +
    `${paired.off.machine_cpu_pct.toFixed(0)} % and ${paired.on.machine_cpu_pct.toFixed(0)} %.`,
  ];
  return [
    `# ${scenario.name}`,
    `${result.origin === "synthetic" ? "**synthetic: nothing was measured.** " : ""}${scenario.description}`,
    markdownTable(
      [
        { title: "phase" },
        { title: "requests", align: "right" },
        { title: "failed", align: "right" },
        { title: "TTFT p50", align: "right" },
        { title: "TTFT p95", align: "right" },
        { title: "tokens/s p50", align: "right" },
      ],
      phases.map((row) => [
        row.phase,
        String(row.requests),
        String(row.failed),
        came(row.ttft_p50_ms),
        came(row.ttft_p95_ms),
        row.tokens_p50_tps?.toFixed(1) ?? "-",
      ]),
    ).trimEnd(),
    outcomes.map(({ verdict, sentence }) => `- ${verdict}: ${sentence}`).join("\n"),
    `Attributed as expected: ${accuracy === null ? "nothing to attribute" : `${(accuracy * 100).toFixed(1)} %`}`,
    cost,
    ...pair,
    ...result.notes,
  ].filter((block) => block !== "").join("\n\n") + "\n";
}

function came(ttftMs: number | null): string {
  return ttftMs === Infinity ? "none came" : ms(ttftMs);
}
