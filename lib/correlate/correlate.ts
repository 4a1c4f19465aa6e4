/**
 * Joins kernel signals with spans, all of both at hand.
 *
 * - A signal is joined at the strongest tier in which any span answers, and at no weaker one.
 * - Distance is the time between the signal and the span's interval: 0 inside it.
 * - When k spans compete in that tier the confidence of each is divided by k, so that a guess never passes for a match. In
 *   the exact tier a span id, where the signal names one that is there, settles which of the trace's spans is meant; what else
 *   settles it stands in rivals.ts.
 * - A signal whose trace is among the spans is joined by that trace or not at all: its origin is known, and no likeness of
 *   pid or service outweighs it. When its trace is not among them (not sampled, not arrived) the weaker tiers are tried.
 */
import type { Tier } from "../model/split.ts";
import { Lanes } from "./lanes.ts";
import { distance, reason } from "./nearness.ts";
import { rivals } from "./rivals.ts";
import { append, near, Row, type Times } from "./row.ts";
import type { SignalSubject, SpanSubject } from "./subject.ts";
import { reachesNs, TIER_RULES } from "./tiers.ts";

export interface Match {
  /** Position in the spans given. */
  readonly span: number;
  /** Position in the signals given. */
  readonly signal: number;
  readonly tier: Tier;
  /** In (0, 1]: the tier's confidence divided by `k`. */
  readonly confidence: number;
  /** Spans that competed for the signal in this tier. */
  readonly k: number;
  readonly distanceNs: number;
  /** For a person: what was equal, how near in time, how many competed. */
  readonly reason: string;
}

export interface CorrelateOptions {
  /** No tier reaches further than this, in milliseconds. Default 2 000. */
  readonly windowMs?: number;
}

/** Matches in the order of the signals, the nearest span first. Time O((n + m) log n + matches). */
export function correlate(
  spans: readonly SpanSubject[],
  signals: readonly SignalSubject[],
  options: CorrelateOptions = {},
): Match[] {
  const reaches = reachesNs(options.windowMs);
  const tiers = TIER_RULES.map((rule) => new Lanes(rule, spans.length));
  const times: Times = {
    starts: Float64Array.from(spans, ({ startNs }) => startNs),
    ends: Float64Array.from(spans, ({ endNs }) => endNs),
    mask: -1,
  };
  const links = tiers.map(() => new Float64Array(spans.length));
  for (let i = 0; i < spans.length; i++) {
    if (!(spans[i]!.startNs <= spans[i]!.endNs)) continue;
    for (let tier = 0; tier < tiers.length; tier++) {
      const lane = tiers[tier]!.open(spans[i]!);
      if (lane !== null) append(lane.spans ??= new Row(), i, times.mask, links[tier]!);
    }
  }
  const matches: Match[] = [];
  const found: number[] = [];
  const spanOf = (id: number) => spans[id]!;
  for (let s = 0; s < signals.length; s++) {
    const signal = signals[s]!;
    for (let tier = 0; tier < tiers.length; tier++) {
      const lane = tiers[tier]!.find(signal);
      if (lane === undefined) continue;
      found.length = 0;
      near(lane.spans!, signal.tsNs - reaches[tier]!, signal.tsNs + reaches[tier]!, times, links[tier]!, found);
      if (found.length > 0) {
        addMatches(matches, tier, rivals(found, spanOf, signal, tier === 0), spans, s, signal.tsNs);
        break;
      }
      if (tier === 0) break;
    }
  }
  return matches;
}

function addMatches(
  matches: Match[],
  tier: number,
  candidates: readonly number[],
  spans: readonly SpanSubject[],
  signal: number,
  atNs: number,
): void {
  const k = candidates.length;
  if (k === 1) {
    const [span] = candidates as [number];
    matches.push(new MatchMade(span, signal, tier, 1, distance(spans[span]!, atNs)));
    return;
  }
  const made = candidates.map((span) => new MatchMade(span, signal, tier, k, distance(spans[span]!, atNs)));
  made.sort((a, b) => a.distanceNs - b.distanceNs || a.span - b.span);
  for (const match of made) matches.push(match);
}

/** The reason is for a person, and few are read: it is put into words when it is asked for. */
class MatchMade implements Match {
  readonly tier: Tier;
  readonly confidence: number;

  constructor(
    readonly span: number,
    readonly signal: number,
    tier: number,
    readonly k: number,
    readonly distanceNs: number,
  ) {
    const rule = TIER_RULES[tier]!;
    this.tier = rule.tier;
    this.confidence = rule.confidence / k;
  }

  get reason(): string {
    const { because } = TIER_RULES.find(({ tier }) => tier === this.tier)!;
    return reason(because, this.distanceNs, this.k);
  }
}
