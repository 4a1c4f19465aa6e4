/** The spans of traces that were judged lately, by trace, so long as the join may still hold them. */
import type { Ticket } from "./evidence_join.ts";

const MOST_SPANS = 32_768;

export class RecentTraces {
  readonly #traces = new Map<string, Ticket[]>();
  #spans = 0;

  add(traceId: string, tickets: readonly Ticket[]): void {
    const known = this.#traces.get(traceId) ?? [];
    this.#traces.delete(traceId);
    this.#traces.set(traceId, [...known, ...tickets]);
    this.#spans += tickets.length;
    for (const [id, list] of this.#traces) {
      if (this.#spans <= MOST_SPANS) break;
      this.#traces.delete(id);
      this.#spans -= list.length;
    }
  }

  of(traceId: string): readonly Ticket[] {
    return this.#traces.get(traceId.toLowerCase()) ?? [];
  }
}
