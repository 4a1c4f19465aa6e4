/** Retry storms: so many segments sent again by one pod within so short a time that the network, not one connection, is at fault. */
import { Points } from "./points.ts";

/** Segments sent again at least, and the sliding window they fall into, both ends included. */
export const STORM_SEGMENTS = 5;
export const STORM_WINDOW_NS = 10e9;

export interface Storm {
  /** First and last of its retransmissions. */
  readonly startNs: number;
  readonly endNs: number;
}

/** One moment of sending again, and of how many segments. */
export interface Resent {
  readonly tsNs: number;
  readonly segments: number;
}

/** Storms among retransmissions in the order of time: windows that hold enough, those that overlap made one. */
export function storms(resent: readonly Resent[]): Storm[] {
  const found: { startNs: number; endNs: number }[] = [];
  let [first, sum] = [0, 0];
  for (const { tsNs, segments } of resent) {
    sum += segments;
    while (resent[first]!.tsNs < tsNs - STORM_WINDOW_NS) sum -= resent[first++]!.segments;
    if (sum < STORM_SEGMENTS) continue;
    const { tsNs: startNs } = resent[first]!;
    const last = found.at(-1);
    if (last !== undefined && startNs <= last.endNs) last.endNs = tsNs;
    else found.push({ startNs, endNs: tsNs });
  }
  return found;
}

export interface StormLimits {
  /** Pods remembered at most; the one that was silent longest goes. Default 4 096. */
  readonly pods?: number;
  /** Retransmissions remembered of each. Default 4 096. */
  readonly perPod?: number;
}

/** Retransmissions as they come, by pod, in bounded memory. */
export class RetryStorms {
  readonly #pods = new Map<string, { readonly times: Points; readonly segments: Map<number, number> }>();
  readonly #limits: Required<StormLimits>;
  #next = 0;
  #evicted = 0;

  constructor({ pods = 4_096, perPod = 4_096 }: StormLimits = {}) {
    this.#limits = { pods, perPod };
  }

  /** Retransmissions, and pods with all of theirs, that had to go to make room. */
  get evicted(): number {
    return this.#evicted;
  }

  /** @param segments how many were sent again; what is no number above 0 is left out */
  add(pod: string, tsNs: number, segments: number): void {
    if (pod === "" || !(segments > 0) || Number.isNaN(tsNs)) return;
    const known = this.#pods.get(pod) ?? { times: new Points(), segments: new Map() };
    this.#pods.delete(pod); // to the end: the order is that of the last news
    this.#pods.set(pod, known);
    const id = this.#next++;
    known.times.add(tsNs, id);
    known.segments.set(id, segments);
    if (known.segments.size > this.#limits.perPod) {
      const [oldest] = known.segments.keys();
      known.segments.delete(oldest!);
      known.times.drop(oldest! + 1);
      this.#evicted++;
    }
    if (this.#pods.size > this.#limits.pods) {
      const [silent] = this.#pods.keys();
      this.#pods.delete(silent!);
      this.#evicted++;
    }
  }

  /** Storms of the pod that have a moment in common with the interval. */
  during(pod: string, startNs: number, endNs: number): Storm[] {
    const known = this.#pods.get(pod);
    if (known === undefined) return [];
    const { times, ids, to } = known.times;
    const resent: Resent[] = [];
    for (let i = known.times.firstFrom(startNs - STORM_WINDOW_NS); i < to; i++) {
      if (times[i]! > endNs + STORM_WINDOW_NS) break;
      const segments = known.segments.get(ids[i]!);
      if (segments !== undefined) resent.push({ tsNs: times[i]!, segments });
    }
    return storms(resent).filter((storm) => storm.startNs <= endNs && storm.endNs >= startNs);
  }
}
