/** Spans by trace, until a trace is quiet: its last spans arrive in another batch, and its kernel events a little later. */
import type { Ticket } from "./evidence_join.ts";

/** Spans of one trace that are due. */
export interface DueTrace {
  readonly tickets: Ticket[];
  /** Sequence of the first of them. */
  readonly firstSeq: number;
}

interface HeldTrace {
  readonly tickets: Ticket[];
  readonly firstSeq: number;
  readonly firstMs: number;
  lastMs: number;
  bytes: number;
}

export interface HeldOptions {
  /** A trace is let go when nothing has come of it for so long. */
  readonly quietMs: number;
  /** And after so long whatever still comes. */
  readonly longestMs: number;
}

export class HeldTraces {
  readonly #traces = new Map<string, HeldTrace>();
  #spans = 0;
  #bytes = 0;

  constructor(readonly options: HeldOptions) {}

  get spans(): number {
    return this.#spans;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Sequence of the first span held; Infinity when there is none. Traces stand in the order of their first. */
  get firstSeq(): number {
    for (const { firstSeq } of this.#traces.values()) return firstSeq;
    return Infinity;
  }

  /** @param seq never before that of an earlier call */
  add(ticket: Ticket, seq: number, bytes: number, nowMs: number): void {
    const { traceId } = ticket.span;
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      this.#traces.set(traceId, trace = { tickets: [], firstSeq: seq, firstMs: nowMs, lastMs: nowMs, bytes: 0 });
    }
    trace.tickets.push(ticket);
    trace.lastMs = nowMs;
    trace.bytes += bytes;
    this.#spans++;
    this.#bytes += bytes;
  }

  /** Traces that are due. */
  take(nowMs: number): DueTrace[] {
    const { quietMs, longestMs } = this.options;
    const due: DueTrace[] = [];
    for (const [id, { tickets, firstSeq, firstMs, lastMs, bytes }] of this.#traces) {
      // They stand in the order in which they began: what follows began later still.
      if (nowMs - firstMs < quietMs) break;
      if (nowMs - lastMs < quietMs && nowMs - firstMs < longestMs) continue;
      this.#traces.delete(id);
      this.#spans -= tickets.length;
      this.#bytes -= bytes;
      due.push({ tickets, firstSeq });
    }
    return due;
  }
}
