/**
 * Joins kernel signals with spans.
 *
 * - A signal is joined at the strongest tier in which any span answers, and at no weaker one.
 * - Distance is the time between the signal and the span's interval: 0 inside it.
 * - When k spans answer in that tier the confidence of each is divided by k, so that a guess never passes for a match. In
 *   the exact tier a span id, where the signal names one that is there, settles which of the trace's spans is meant.
 * - A signal whose trace is among the spans is joined by that trace or not at all: its origin is known, and no likeness of
 *   pid or service outweighs it. When its trace is not among them (not sampled, not arrived) the weaker tiers are tried.
 */
import { UsageError } from "../model/errors.ts";
import type { Tier } from "../model/split.ts";
import { IntervalIndex } from "./interval_index.ts";
import type { SignalSubject, SpanSubject } from "./subject.ts";
import { TIER_RULES, type TierRule } from "./tiers.ts";

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
  const { windowMs = 2000 } = options;
  if (!(windowMs >= 0)) {
    throw new UsageError(
      `Cannot correlate within "${windowMs} ms": the window is not a length of time`,
      "Give 0 or more",
    );
  }
  const tiers = TIER_RULES.map((rule) => ({
    rule,
    reachNs: Math.min(rule.windowMs ?? Infinity, windowMs) * 1e6,
    index: new IntervalIndex(spans, (i) => rule.key(spans[i]!)),
  }));
  const traces = tiers[0]!.index;
  const matches: Match[] = [];
  signals.forEach((signal, s) => {
    for (const { rule, reachNs, index } of tiers) {
      const key = rule.key(signal);
      if (key === "") continue;
      const found = narrow(rule, index.near(key, signal.tsNs, reachNs), spans, signal);
      if (found.length > 0) {
        matches.push(...toMatches(rule, found, s));
        return;
      }
      if (index === traces && traces.has(key)) return;
    }
  });
  return matches;
}

interface Candidate {
  readonly index: number;
  readonly distanceNs: number;
}

function narrow(
  rule: TierRule,
  found: readonly Candidate[],
  spans: readonly SpanSubject[],
  signal: SignalSubject,
): readonly Candidate[] {
  if (rule.tier !== "trace_id_exact" || !signal.spanId) return found;
  const wanted = signal.spanId.toLowerCase();
  const named = found.filter(({ index }) => spans[index]!.spanId?.toLowerCase() === wanted);
  return named.length > 0 ? named : found;
}

function toMatches(rule: TierRule, found: readonly Candidate[], signal: number): Match[] {
  const k = found.length;
  return found
    .toSorted((a, b) => a.distanceNs - b.distanceNs || a.index - b.index)
    .map(({ index, distanceNs }) => ({
      span: index,
      signal,
      tier: rule.tier,
      confidence: rule.confidence / k,
      k,
      distanceNs,
      reason: reason(rule, distanceNs, k),
    }));
}

function reason(rule: TierRule, distanceNs: number, k: number): string {
  const when = distanceNs === 0 ? "inside the span" : `${(distanceNs / 1e6).toFixed(3)} ms from the span`;
  return `${rule.because}, ${when}${k > 1 ? `, one of ${k} spans` : ""}`;
}
