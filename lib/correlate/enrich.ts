/** Which matches are good enough to be written onto a span. */
import type { Match } from "./correlate.ts";

export interface EnrichOptions {
  /** Least confidence, inclusive. Default 0.70. */
  readonly threshold?: number;
  /** Most signals for one span. Default 3. */
  readonly perSpan?: number;
}

/** Matches by span: best confidence first, then nearest in time, then in the order of the signals. */
export function enrich(matches: readonly Match[], options: EnrichOptions = {}): Map<number, Match[]> {
  const { threshold = 0.7, perSpan = 3 } = options;
  const bySpan = new Map<number, Match[]>();
  for (const match of matches) {
    if (!(match.confidence >= threshold)) continue;
    const list = bySpan.get(match.span);
    if (list === undefined) bySpan.set(match.span, [match]);
    else list.push(match);
  }
  for (const [span, list] of bySpan) {
    list.sort((a, b) => b.confidence - a.confidence || a.distanceNs - b.distanceNs || a.signal - b.signal);
    bySpan.set(span, list.slice(0, perSpan));
  }
  return bySpan;
}
