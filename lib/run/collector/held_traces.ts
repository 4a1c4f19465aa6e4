/** Spans by trace, until a trace is quiet: its last spans arrive in another batch, and its kernel events a little later. */
import type { Ticket } from "./evidence_join.ts";

interface HeldTrace {
  readonly tickets: Ticket[];
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

  add(ticket: Ticket, bytes: number, nowMs: number): void {
    const { traceId } = ticket.span;
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      this.#traces.set(traceId, trace = { tickets: [], firstMs: nowMs, lastMs: nowMs, bytes: 0 });
    }
    trace.tickets.push(ticket);
    trace.lastMs = nowMs;
    trace.bytes += bytes;
    this.#spans++;
    this.#bytes += bytes;
  }

  /** Traces that are due, `most` spans at a time: whoever calls must get back to its other work. */
  take(nowMs: number, most = Infinity): Ticket[][] {
    const { quietMs, longestMs } = this.options;
    const due: Ticket[][] = [];
    let taken = 0;
    for (const [id, { tickets, firstMs, lastMs, bytes }] of this.#traces) {
      if (taken >= most) break;
      if (nowMs - lastMs < quietMs && nowMs - firstMs < longestMs) continue;
      this.#traces.delete(id);
      this.#spans -= tickets.length;
      this.#bytes -= bytes;
      taken += tickets.length;
      due.push(tickets);
    }
    return due;
  }
}
