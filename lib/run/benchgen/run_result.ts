/** What one run of a benchmark yields, before it becomes files: the same of a live run and of an invented one. */
import type { ScenarioPhase } from "../../model/scenario.ts";
import type { AttributedInput } from "../attributor.ts";

/** One request of the run. */
export interface BenchRequest {
  /** `off`: the lab at rest without an agent. */
  readonly phase: ScenarioPhase | "off";
  readonly requestId: string;
  readonly traceId: string;
  /** RFC 3339. */
  readonly timestamp: string;
  /** From when it was due. Infinity: no token ever came. */
  readonly ttftMs: number;
  readonly latencyMs: number;
  /** 0 where no token came. */
  readonly tokensPerSecond: number;
  readonly failed: boolean;
  readonly faultLabel: string;
}

/** One look at the agent, every 250 ms: a row of collector_overhead.csv. */
export interface OverheadRow {
  /** RFC 3339, the end of the stretch. */
  readonly timestamp: string;
  /** Of one CPU: user and system time of the agent, and run time of its BPF programs. */
  readonly cpuPct: number;
  readonly memoryMb: number;
  readonly eventsPerSecond: number;
  readonly droppedEvents: number;
}

/** A number that was measured beside the requests: a row of series.csv. */
export interface SeriesValue {
  /** `run`: of all of it. */
  readonly phase: BenchRequest["phase"] | "run";
  readonly series: string;
  readonly value: number;
}

/** Requests with the agent off against those with it on, the lab at rest both times. */
export interface Paired {
  readonly off: PairedSide;
  readonly on: PairedSide;
  /** Which came first: it changes from run to run. */
  readonly order: "off-on" | "on-off";
}

export interface PairedSide {
  readonly seconds: number;
  readonly requests: number;
  readonly ttft_p50_ms: number;
  readonly ttft_p95_ms: number;
  /** All CPUs of the machine, in percent of one. */
  readonly machine_cpu_pct: number;
}

export interface Place {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly service: string;
  readonly node: string;
}

export interface RunResult {
  readonly origin: "measured" | "synthetic";
  readonly place: Place;
  readonly requests: readonly BenchRequest[];
  /** Values of the signals by phase. */
  readonly signals: Readonly<Record<ScenarioPhase, Readonly<Record<string, readonly number[]>>>>;
  /** What paired figures and notes are made of. */
  readonly beside: readonly SeriesValue[];
  readonly attributed: AttributedInput;
  readonly overhead: readonly OverheadRow[];
  /** Why there are no rows; null where there are. */
  readonly unmeasured: string | null;
  readonly paired: Paired | null;
  /** RFC 3339; null of an invented run. */
  readonly started: string | null;
  readonly finished: string | null;
  /** What went on beside. */
  readonly notes: readonly string[];
}
