/** Text of a scenario file -> Scenario. Pure. */
import { UsageError } from "../model/errors.ts";
import type { Assertion, FaultStep, Scenario, ScenarioPhase, TimedFault } from "../model/scenario.ts";
import type { Domain } from "../model/attribution.ts";
import { parseYaml } from "./yaml.ts";

/** As the schema scenario/v1 has it. */
interface ScenarioFile {
  readonly name: string;
  readonly description: string;
  readonly fault: FaultStep | { readonly sequence: readonly (FaultStep & { from: string; for: string })[] };
  readonly expected: {
    readonly domains: readonly Domain[];
    readonly ttft_breach: boolean;
    readonly primary_signal?: string | null;
    readonly secondary_signals?: readonly string[];
  };
  readonly harness: {
    readonly seed?: number;
    readonly load_profile?: string;
    readonly phases: Readonly<Record<ScenarioPhase, string>>;
    readonly repetitions?: number;
  };
  readonly assertions: readonly Assertion[];
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** @throws UsageError with line and column, or naming what contradicts itself. */
export function parseScenario(text: string, name: string): Scenario {
  const file = parseYaml(text, name, "scenario/v1") as ScenarioFile;
  const phases = {
    baseline: milliseconds(file.harness.phases.baseline),
    fault: milliseconds(file.harness.phases.fault),
    recovery: milliseconds(file.harness.phases.recovery),
  };
  const faults = timed(file.fault, phases.fault);
  const late = faults.find((step) => step.fromMs + step.forMs > phases.fault);
  if (late !== undefined) {
    throw new UsageError(
      `Cannot read "${name}": the step ${late.mechanism} ends ${
        late.fromMs + late.forMs - phases.fault
      } ms after the fault phase`,
      "Shorten it, or lengthen harness.phases.fault",
    );
  }
  return {
    name: file.name,
    description: file.description,
    faults,
    expected: {
      domains: file.expected.domains,
      ttftBreach: file.expected.ttft_breach,
      primarySignal: file.expected.primary_signal ?? null,
      secondarySignals: file.expected.secondary_signals ?? [],
    },
    harness: {
      seed: file.harness.seed ?? 42,
      loadProfile: file.harness.load_profile ?? "rag_mixed_20rps",
      phases,
      repetitions: file.harness.repetitions ?? 1,
    },
    assertions: file.assertions,
  };
}

function timed(fault: ScenarioFile["fault"], phaseMs: number): TimedFault[] {
  if ("sequence" in fault) {
    return fault.sequence.map(({ mechanism, intensity, ...when }) => ({
      mechanism,
      intensity,
      fromMs: milliseconds(when.from),
      forMs: milliseconds(when.for),
    }));
  }
  return fault.mechanism === "none" ? [] : [{ ...fault, fromMs: 0, forMs: phaseMs }];
}

function milliseconds(text: string): number {
  const [, amount, unit] = /^([\d.]+)(ms|s|m)$/.exec(text)!;
  return Number(amount) * UNIT_MS[unit!]!;
}
