/**
 * Which of the spans that answer a signal in one tier really compete for it.
 *
 * Spans of different traces always do. Within a trace, where the spans say how they are nested, two things settle more: a span that
 * contains the moment outweighs one that is merely near it, and of a span and one inside it the inner one is meant, for what happens in
 * a call happens in its caller too. Of a trace that goes through several processes the spans of the signal's own are meant. Spans that
 * do not say whose children they are all compete. What was seen on the serving end of a connection is of a span that serves, if there is
 * one.
 */
import { distance } from "./nearness.ts";
import type { SignalSubject, SpanSubject } from "./subject.ts";
import { lowerCase } from "./tiers.ts";

/** A trace may be malformed, and even loop. */
const DEEPEST = 64;

/**
 * Of the spans with these ids, those that compete. The list that was given when all of them do.
 *
 * @param inTrace the tier is that of the trace: a span the signal names by its id, or by that of its parent, is the one that is meant
 */
export function rivals(
  found: readonly number[],
  spanOf: (id: number) => SpanSubject,
  signal: SignalSubject,
  inTrace: boolean,
): readonly number[] {
  let meant = found;
  if (inTrace && (signal.spanId || signal.childOf)) {
    const named = found.filter((id) => isNamed(spanOf(id), signal));
    if (named.length > 0) return named;
  }
  if (inTrace && found.length > 1) meant = some(found, (id) => isOwn(spanOf(id), signal)) ?? meant;
  if (signal.serves) meant = some(meant, (id) => spanOf(id).serves === true) ?? meant;
  if (meant.length < 2) return meant;
  const lost = new Set<number>();
  for (const family of families(meant, spanOf)) settle(family, spanOf, signal.tsNs, lost);
  return lost.size === 0 ? meant : meant.filter((id) => !lost.has(id));
}

/** Those for which it holds; null where it holds for none. */
function some(ids: readonly number[], holds: (id: number) => boolean): readonly number[] | null {
  const found = ids.filter(holds);
  return found.length > 0 ? found : null;
}

/** The span is from the very process the signal is from: a trace goes through several. */
function isOwn({ parentSpanId, pid, pod }: SpanSubject, signal: SignalSubject): boolean {
  return parentSpanId !== undefined && !!pid && !!pod && pid === signal.pid && pod === signal.pod;
}

/** Whether the signal says by an id that it belongs to this span. */
export function isNamed(span: SpanSubject, { spanId, childOf }: SignalSubject): boolean {
  return same(span.spanId, spanId) || same(span.parentSpanId, childOf);
}

function same(a: string | undefined, b: string | undefined): boolean {
  return !!a && !!b && (a === b || lowerCase(a) === lowerCase(b));
}

/** Spans that share a trace and say how they are nested; of each trace two at least. */
function families(found: readonly number[], spanOf: (id: number) => SpanSubject): number[][] {
  const byTrace = new Map<string, number[]>();
  for (const id of found) {
    const { traceId, parentSpanId } = spanOf(id);
    if (!traceId || parentSpanId === undefined) continue;
    const key = lowerCase(traceId);
    const family = byTrace.get(key);
    if (family === undefined) byTrace.set(key, [id]);
    else family.push(id);
  }
  return [...byTrace.values()].filter((family) => family.length > 1);
}

function settle(family: readonly number[], spanOf: (id: number) => SpanSubject, atNs: number, lost: Set<number>): void {
  const far = new Map(family.map((id) => [id, distance(spanOf(id), atNs)]));
  const contained = [...far.values()].includes(0);
  const left = contained ? family.filter((id) => far.get(id) === 0) : family;
  for (const id of family) if (contained && far.get(id)! > 0) lost.add(id);
  const byId = new Map(left.map((id) => [lowerCase(spanOf(id).spanId ?? ""), id]));
  for (const id of left) {
    let above = byId.get(lowerCase(spanOf(id).parentSpanId!));
    for (let depth = 0; above !== undefined && above !== id && depth < DEEPEST; depth++) {
      // The nearer of the two; the inner one where they are equally near.
      lost.add(far.get(id)! <= far.get(above)! ? above : id);
      above = byId.get(lowerCase(spanOf(above).parentSpanId!));
    }
  }
}
