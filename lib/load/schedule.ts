/** When requests are due and how long they are, drawn in full from a seed before the first is sent. */
import type { LoadProfile } from "../model/load_profile.ts";
import { random } from "../stats/random.ts";

export interface Arrival {
  readonly id: number;
  /** Nanoseconds after the start. */
  readonly g_ns: number;
  /** Words of the question. */
  readonly n_in: number;
  /** Most tokens of the answer. */
  readonly n_out: number;
  readonly trace_id: string;
  readonly span_id: string;
}

export type Process = "constant" | "poisson";

export interface ScheduleOptions {
  readonly process: Process;
  readonly requestsPerSecond: number;
  /** Warm-up included. */
  readonly seconds: number;
  readonly seed: number;
  readonly profile: LoadProfile;
}

/** Arrivals in their order. Bounded by MOST_ARRIVALS. */
export function drawSchedule(options: ScheduleOptions): Arrival[] {
  const gaps = random(`${options.seed}/gaps`);
  const stream = random(`${options.seed}/requests`);
  const meanNs = 1e9 / options.requestsPerSecond;
  const endNs = options.seconds * 1e9;
  const weights = options.profile.requests.reduce((sum, { weight }) => sum + weight, 0);
  const arrivals: Arrival[] = [];
  const hex = (words: number) =>
    Array.from({ length: words }, () => stream.uint32().toString(16).padStart(8, "0")).join("");
  for (let at = 0, id = 0;; id++) {
    at = options.process === "constant" ? id * meanNs : at - meanNs * Math.log(1 - gaps.float());
    if (at >= endNs || id >= MOST_ARRIVALS) return arrivals;
    let draw = stream.float() * weights;
    const kind = options.profile.requests.find(({ weight }) => (draw -= weight) < 0) ?? options.profile.requests[0]!;
    arrivals.push({
      id,
      g_ns: Math.round(at),
      n_in: kind.inputTokens,
      n_out: kind.maxTokens,
      trace_id: hex(4),
      span_id: hex(2),
    });
  }
}

/** An hour at 250 a second. */
export const MOST_ARRIVALS = 900_000;
