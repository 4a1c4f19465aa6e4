/** A scenario: a fault, what an honest answer to it is, how it is run, and what must hold. One file each in scenarios/. */
import type { Domain } from "./attribution.ts";

/** What can be done to a system, and the unit of its intensity. Whether an injector exists is the injectors' business. */
export const MECHANISMS = {
  none: { unit: "", domain: null },
  dns_delay: { unit: "ms", domain: "network_dns" },
  packet_drop: { unit: "%", domain: "network_egress" },
  cpu_quota: { unit: "% of one CPU", domain: "cpu_throttle" },
  memory_limit: { unit: "% of the working set", domain: "memory_pressure" },
  rate_limit: { unit: "% of requests", domain: "provider_throttle" },
  slow_tokens: { unit: "% of the usual rate", domain: "provider_throttle" },
  server_errors: { unit: "% of requests", domain: "provider_error" },
  retrieval_delay: { unit: "ms", domain: "retrieval_backend" },
} as const satisfies Record<string, { unit: string; domain: Domain | null }>;
export type Mechanism = keyof typeof MECHANISMS;

export interface FaultStep {
  readonly mechanism: Mechanism;
  /** In the mechanism's unit. */
  readonly intensity: number;
}

/** A step of a sequence: within the fault phase, in milliseconds from its start. Steps may overlap. */
export interface TimedFault extends FaultStep {
  readonly fromMs: number;
  readonly forMs: number;
}

export const SCENARIO_PHASES = ["baseline", "fault", "recovery"] as const;
export type ScenarioPhase = typeof SCENARIO_PHASES[number];

export const OPERATORS = ["<", "<=", ">", ">=", "=="] as const;
export type Operator = typeof OPERATORS[number];

/** `metric` is `series.statistic`, such as `ttft_ms.p95`. */
export interface Assertion {
  readonly metric: string;
  readonly operator: Operator;
  readonly value: number;
  readonly phase: ScenarioPhase;
  /** `value` is then a multiple of the same metric in that phase. */
  readonly relative_to?: ScenarioPhase;
}

export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** One step that fills the fault phase, or several with their times. */
  readonly faults: readonly TimedFault[];
  readonly expected: {
    /** Empty: nothing may be attributed. */
    readonly domains: readonly Domain[];
    readonly ttftBreach: boolean;
    readonly primarySignal: string | null;
    readonly secondarySignals: readonly string[];
  };
  readonly harness: {
    readonly seed: number;
    readonly loadProfile: string;
    /** Milliseconds. */
    readonly phases: Readonly<Record<ScenarioPhase, number>>;
    readonly repetitions: number;
  };
  readonly assertions: readonly Assertion[];
}
