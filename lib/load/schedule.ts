/** When requests are due and how long they are, drawn in full from a seed before the first is sent. Pure. */
import type { LoadProfile } from "../model/load_profile.ts";
import { random } from "../stats/random.ts";
import type { Arrival } from "./arrival.ts";
import { gapDraw, type GapProcess } from "./gaps.ts";
import { dueTimes, expectedArrivals, type Stage, totalSeconds } from "./rate.ts";

/** Of one run. Records are kept in memory until its end: about a gigabyte for so many. */
export const MOST_ARRIVALS = 1_000_000;

export interface ScheduleOptions {
  readonly gaps: GapProcess;
  /** Of the gamma process. */
  readonly shape: number;
  /** Warm-up and cool-down included. */
  readonly stages: readonly Stage[];
  /** At most so many arrivals; Infinity: as many as the stages bring. */
  readonly most: number;
  /**
   * Stretches all gaps by one factor, so that as many arrivals as expected end exactly with the stages: steadier, and no longer
   * Poisson.
   */
  readonly rescale: boolean;
  readonly seed: number;
  readonly profile: LoadProfile;
}

/** Arrivals in their order. @throws RangeError when there would be more than MOST_ARRIVALS */
export function drawSchedule(options: ScheduleOptions): Arrival[] {
  const expected = Math.min(options.most, expectedArrivals(options.stages));
  if (expected > MOST_ARRIVALS) throw new RangeError(`${Math.round(expected)} arrivals are more than ${MOST_ARRIVALS}`);
  const kind = kinds(options.profile, options.seed);
  const limit = Math.min(options.most, MOST_ARRIVALS);
  return [...times(options, limit)].map((seconds, id) => ({ id, g_ns: Math.round(seconds * 1e9), ...kind() }));
}

function times({ gaps, shape, stages, most, rescale, seed }: ScheduleOptions, limit: number): Iterable<number> {
  const draw = gapDraw(gaps, random(`${seed}/gaps`), shape);
  if (!rescale || gaps === "constant") return dueTimes(stages, draw, gaps === "constant", limit);
  const n = Math.floor(Math.min(most, expectedArrivals(stages)));
  const list = Array.from({ length: n }, draw);
  const scale = expectedArrivals(stages) / list.reduce((sum, gap) => sum + gap, 0);
  let at = 0;
  // The last one would fall on the very end; a hair earlier it counts.
  return dueTimes(stages, () => list[at++]! * scale * (1 - 1e-12) || Infinity, false, n);
}

/** Lengths of requests for a closed loop: a list that is repeated. */
export function drawKinds(profile: LoadProfile, seed: number, n: number): Arrival[] {
  const kind = kinds(profile, seed);
  return Array.from({ length: n }, (_, id) => ({ id, g_ns: null, ...kind() }));
}

/** One rate throughout. */
export function steady(rps: number, seconds: number): Stage {
  return { seconds, from: rps, to: rps, curve: "linear" };
}

/** The same arrivals, a share of them hung up by the client so long after sending. */
export function withCancels(arrivals: readonly Arrival[], share: number, afterNs: number, seed: number): Arrival[] {
  const stream = random(`${seed}/cancels`);
  return arrivals.map((arrival) => stream.float() < share ? { ...arrival, cancel_ns: afterNs } : arrival);
}

function kinds({ requests }: LoadProfile, seed: number): () => { readonly n_in: number; readonly n_out: number } {
  const stream = random(`${seed}/requests`);
  const weights = requests.reduce((sum, { weight }) => sum + weight, 0);
  return () => {
    let draw = stream.float() * weights;
    const { inputTokens, maxTokens } = requests.find(({ weight }) => (draw -= weight) < 0) ?? requests[0]!;
    return { n_in: inputTokens, n_out: maxTokens };
  };
}

export { totalSeconds };
