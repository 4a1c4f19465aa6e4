/**
 * Invented requests of a scenario, for trying the tools without a kernel. Deterministic: the same scenario, seed and count give the
 * same requests. Nothing here was measured, and every document made from it says `synthetic`.
 */
import { LOAD_PROFILES, type LoadProfileName } from "../model/load_profile.ts";
import { type Mechanism, MECHANISMS, type Scenario, type ScenarioPhase } from "../model/scenario.ts";
import { normal, type Random, random } from "../stats/random.ts";
import { EFFECTS, type State, USUAL } from "./synthetic_effects.ts";

export interface SyntheticRequest extends State {
  readonly index: number;
  /** Unix nanoseconds. */
  readonly atNs: bigint;
  readonly traceId: string;
  readonly spanId: string;
  readonly phase: ScenarioPhase;
  readonly mechanisms: readonly Mechanism[];
}

export interface SyntheticOptions {
  readonly scenario: Scenario;
  readonly count: number;
  readonly seed: number;
  /** Default `fault`. */
  readonly phase?: ScenarioPhase;
  /** Unix nanoseconds of the first arrival. Default EPOCH_NS, so that the documents are the same on every day. */
  readonly startNs?: bigint;
}

/** 2026-01-01T00:00:00Z. */
export const EPOCH_NS = 1_767_225_600_000_000_000n;

/** Spread over the phase, so that every step of a sequence gets its share however few they are. */
export function* syntheticRequests(options: SyntheticOptions): Generator<SyntheticRequest> {
  const { scenario, count, seed, phase = "fault", startNs = EPOCH_NS } = options;
  const stream = random(`${seed}/${scenario.name}/${phase}`);
  const gapNs = 1e9 / LOAD_PROFILES[scenario.harness.loadProfile as LoadProfileName].requestsPerSecond;
  for (let index = 0; index < count; index++) {
    const atMs = (index + 0.5) / count * scenario.harness.phases[phase];
    const active = phase !== "fault"
      ? []
      : scenario.faults.filter((step) => step.fromMs <= atMs && atMs < step.fromMs + step.forMs);
    const state: State = usual(stream);
    for (const { mechanism, intensity } of active) EFFECTS[mechanism](state, intensity, stream);
    yield {
      ...state,
      index,
      atNs: startNs + BigInt(Math.round(gapNs * (index + 0.5 * stream.float()))),
      traceId: hex(stream, 4),
      spanId: hex(stream, 2),
      phase,
      mechanisms: active.map((step) => step.mechanism),
    };
  }
}

/** Domains of what was active, in order and once each; none: nothing was. */
export function domainsOf(request: Pick<SyntheticRequest, "mechanisms">): string[] {
  const domains = request.mechanisms.flatMap((mechanism) => MECHANISMS[mechanism].domain ?? []);
  return [...new Set(domains)];
}

const LABELS: Readonly<Record<Mechanism, string>> = {
  none: "none",
  dns_delay: "dns_latency",
  packet_drop: "network_partition",
  cpu_quota: "cpu_throttle",
  memory_limit: "memory_pressure",
  rate_limit: "provider_throttle",
  slow_tokens: "provider_throttle",
  server_errors: "provider_error",
  retrieval_delay: "retrieval_backend",
};

/** `none`, `dns_latency`, or `dns_latency+cpu_throttle` when both were active. */
export function faultLabel(request: Pick<SyntheticRequest, "mechanisms">): string {
  return request.mechanisms.length === 0 ? "none" : request.mechanisms.map((m) => LABELS[m]).join("+");
}

function usual(stream: Random): State {
  const around = (median: number) => median * Math.exp(0.3 * normal(stream));
  const signals = Object.fromEntries(Object.entries(USUAL.signals).map(([name, at]) => [name, around(at)]));
  const ttftMs = around(USUAL.ttftMs);
  return {
    ttftMs,
    decodeMs: around(USUAL.decodeMs),
    tokensPerSecond: around(USUAL.tokensPerSecond),
    failed: false,
    signals,
  };
}

function hex(stream: Random, words: number): string {
  return Array.from({ length: words }, () => stream.uint32().toString(16).padStart(8, "0")).join("");
}
