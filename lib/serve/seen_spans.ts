/** Which spans were taken already, within a bounded memory: a resend after a lost answer must not count twice. */
import type { Span } from "../model/span.ts";

export class SeenSpans {
  #recent = new Set<string>();
  #older = new Set<string>();

  /** @param horizon Spans remembered: the last `horizon` at most, the last half of them at least. */
  constructor(readonly horizon: number) {}

  /** The spans not seen before, one of each; they count as seen from now on. */
  fresh(spans: readonly Span[]): Span[] {
    const out: Span[] = [];
    for (const span of spans) {
      const key = span.traceId + span.spanId;
      if (this.#recent.has(key) || this.#older.has(key)) continue;
      if (this.#recent.size >= this.horizon / 2) {
        this.#older = this.#recent;
        this.#recent = new Set();
      }
      this.#recent.add(key);
      out.push(span);
    }
    return out;
  }

  /** Takes `fresh` back when the spans could not be kept: the sender will come again. */
  forget(spans: readonly Span[]): void {
    for (const span of spans) {
      this.#recent.delete(span.traceId + span.spanId);
      this.#older.delete(span.traceId + span.spanId);
    }
  }
}
