/** Whether any of many spans answers a kernel signal at all: without telling which, so that one look at merged intervals is enough. */
import type { SignalSubject, SpanSubject, Subject } from "../../correlate/subject.ts";
import { lowerCase, reachesNs, TIER_RULES, type TierRule } from "../../correlate/tiers.ts";

/** Intervals of one key, in pairs of start and end. */
interface Lane {
  readonly pairs: number[];
  /** The same, merged and in order; made when it is first asked for. */
  merged: Float64Array | null;
}

export class Coverage {
  readonly #reaches: readonly number[];
  /** By tier and key. */
  readonly #tiers: readonly Map<string, Lane>[] = TIER_RULES.map(() => new Map<string, Lane>());

  constructor(windowMs: number) {
    this.#reaches = reachesNs(windowMs);
  }

  /** To be called for every span before anything is asked. */
  add(span: SpanSubject): void {
    if (span.startNs > span.endNs) return;
    for (let tier = 0; tier < TIER_RULES.length; tier++) {
      const key = keyOf(TIER_RULES[tier]!, span);
      if (key === "") continue;
      const lane = this.#tiers[tier]!.get(key);
      if (lane === undefined) this.#tiers[tier]!.set(key, { pairs: [span.startNs, span.endNs], merged: null });
      else lane.pairs.push(span.startNs, span.endNs);
    }
  }

  /** As `correlate` would: a signal whose trace is among the spans is answered by that trace or not at all. */
  answers(signal: SignalSubject): boolean {
    for (let tier = 0; tier < TIER_RULES.length; tier++) {
      const lane = this.#lane(tier, signal);
      if (lane === undefined) continue;
      if (touches(lane, signal.tsNs, this.#reaches[tier]!)) return true;
      if (tier === 0) return false;
    }
    return false;
  }

  /** Whether some tier could join it with one of the spans, whatever else competes. */
  mayAnswer(signal: SignalSubject): boolean {
    return TIER_RULES.some((_, tier) => {
      const lane = this.#lane(tier, signal);
      return lane !== undefined && touches(lane, signal.tsNs, this.#reaches[tier]!);
    });
  }

  /** Whether a span has the same key in some tier, however far away. */
  knows(signal: SignalSubject): boolean {
    return TIER_RULES.some((_, tier) => this.#lane(tier, signal) !== undefined);
  }

  #lane(tier: number, signal: SignalSubject): Lane | undefined {
    const lanes = this.#tiers[tier]!;
    return lanes.size === 0 ? undefined : lanes.get(keyOf(TIER_RULES[tier]!, signal));
  }
}

/** "": it lacks part of the key. */
function keyOf({ first, second, hex }: TierRule, subject: Subject): string {
  const one = first(subject);
  if (one === "" || second === null) return hex ? lowerCase(one) : one;
  const other = second(subject);
  return other === "" || other === 0 ? "" : `${one}\0${other}`;
}

function touches(lane: Lane, atNs: number, reachNs: number): boolean {
  const merged = lane.merged ??= merge(lane.pairs);
  // The last interval that begins early enough ends later than those before it.
  let [low, high] = [0, merged.length >> 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (merged[2 * middle]! <= atNs + reachNs) low = middle + 1;
    else high = middle;
  }
  return low > 0 && merged[2 * low - 1]! >= atNs - reachNs;
}

function merge(pairs: readonly number[]): Float64Array {
  const order = Array.from({ length: pairs.length >> 1 }, (_, i) => i).sort((a, b) => pairs[2 * a]! - pairs[2 * b]!);
  const merged = new Float64Array(pairs.length);
  let n = 0;
  for (const i of order) {
    const [start, end] = [pairs[2 * i]!, pairs[2 * i + 1]!];
    if (n > 0 && start <= merged[n - 1]!) merged[n - 1] = Math.max(merged[n - 1]!, end);
    else {
      merged[n++] = start;
      merged[n++] = end;
    }
  }
  return merged.subarray(0, n);
}
