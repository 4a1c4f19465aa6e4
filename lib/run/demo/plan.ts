/** What a demo does and when: faults with their intensities, phases with their lengths, the objective it is held to. */
import { UsageError } from "../../model/errors.ts";
import type { Domain } from "../../model/attribution.ts";
import { random } from "../../stats/random.ts";

export const FAULTS = ["dns_latency", "packet_loss", "cpu_throttle", "provider_throttle", "none"] as const;
export type Fault = typeof FAULTS[number];

/** What an honest answer to each fault is; null: no incident. Read after the report is closed, never before. */
export const EXPECTED: Readonly<Record<Fault, Domain | null>> = {
  dns_latency: "network_dns",
  packet_loss: "network_egress",
  cpu_throttle: "cpu_throttle",
  provider_throttle: "provider_throttle",
  none: null,
};

/**
 * The same when no span arrives. That a provider refuses stands in the status of its answers, which nobody reads off the wire; what
 * is left is a caller that waits, and of that the honest answer is that the cause is not known.
 */
export const EXPECTED_WITHOUT_SPANS: typeof EXPECTED = { ...EXPECTED, provider_throttle: "unknown" };

/**
 * Intensity when none is asked for, and the range a blind draw takes it from: ms of delay, percent of packets lost each way, percent of
 * one CPU, percent of requests refused.
 */
export const INTENSITY: Readonly<
  Record<Fault, { readonly usual: number; readonly low: number; readonly high: number }>
> = {
  dns_latency: { usual: 120, low: 50, high: 200 },
  packet_loss: { usual: 15, low: 12, high: 20 },
  cpu_throttle: { usual: 10, low: 8, high: 13 },
  provider_throttle: { usual: 40, low: 30, high: 60 },
  none: { usual: 0, low: 0, high: 0 },
};

export const LOAD = { requestsPerSecond: 5, maxTokens: 16, timeoutMs: 20_000 };

/** The lab's own objective: a first token within 150 ms. Its baseline is near 80. */
export const OBJECTIVE = { ttftMs: 150, warningMs: 120 };

export const PHASES = ["baseline", "fault", "recovery"] as const;
export type PhaseName = typeof PHASES[number];

/** Seconds. The first requests of a fresh lab are slower: they warm it up and are in no phase. */
export const WARM_UP_S = 5;
export const USUAL_PHASES: Readonly<Record<PhaseName, number>> = { baseline: 20, fault: 20, recovery: 12 };

/** `baseline=20s,fault=20s,recovery=12s`, any of them. Whole demo at most 110 s, so that it ends within two minutes. */
export function parsePhases(text: string | undefined): Record<PhaseName, number> {
  const phases = { ...USUAL_PHASES };
  for (const part of text?.split(",") ?? []) {
    const [, name, seconds] = /^\s*(\w+)=(\d+(?:\.\d+)?)s?\s*$/.exec(part) ?? [];
    if (name === undefined || !PHASES.includes(name as PhaseName)) {
      throw new UsageError(
        `Cannot read phase "${part}": it is not name=seconds`,
        "Write --phases baseline=20s,fault=20s,recovery=12s",
      );
    }
    phases[name as PhaseName] = Number(seconds);
  }
  const total = PHASES.reduce((sum, name) => sum + phases[name], WARM_UP_S);
  if (phases.baseline < 8 || phases.fault < 6 || total > 110) {
    throw new UsageError(
      `Cannot run phases "${
        PHASES.map((name) => `${name}=${phases[name]}s`).join(",")
      }": too short to judge, or over 110 s in all`,
      "Give the baseline at least 8 s, the fault at least 6 s",
    );
  }
  return phases;
}

/** What the blind injector does. */
export interface Draw {
  readonly fault: Fault;
  readonly intensity: number;
  /** Seconds after the end of the baseline, and how long. */
  readonly onset_s: number;
  readonly duration_s: number;
}

/** Draws within `roomS` seconds after the baseline; from the system's random source unless a seed is given. */
export function draw(seed: string, roomS: number): Draw {
  const stream = random(seed);
  const fault = FAULTS[stream.below(FAULTS.length)]!;
  const { low, high } = INTENSITY[fault];
  const durationS = Math.min(roomS - 1, 14 + 6 * stream.float());
  return {
    fault,
    intensity: Math.round(low + (high - low) * stream.float()),
    onset_s: (roomS - durationS) * 0.6 * stream.float(),
    duration_s: durationS,
  };
}
