/** Which spans were taken already: a resend after a lost answer must not count twice. */
import { RecentKeys } from "../model/recent_keys.ts";
import type { Span } from "../model/span.ts";

export class SeenSpans {
  readonly #keys: RecentKeys;

  /** @param horizon spans remembered: the last `horizon` at most, the last half of them at least */
  constructor(horizon: number) {
    this.#keys = new RecentKeys(horizon);
  }

  /** The spans not seen before, one of each; they count as seen from now on. */
  fresh(spans: readonly Span[]): Span[] {
    return spans.filter((span) => this.#keys.add(span.traceId + span.spanId));
  }

  /** @param keys trace and span id of each as one text */
  remember(keys: Iterable<string>): void {
    for (const key of keys) this.#keys.add(key);
  }

  /** Takes `fresh` back when the spans could not be kept: the sender will come again. */
  forget(spans: readonly Span[]): void {
    for (const span of spans) this.#keys.forget(span.traceId + span.spanId);
  }
}
