/** A transport without a network, on a clock that jumps from one thing to the next: the loop of a load run in no time. */
import type { Failure } from "../load/reply.ts";
import type { ConnectionEvents, Transport, Wire } from "../load/transport.ts";

/** What the other side does. Times are ms after the cause. */
export interface FakeServer {
  /** Until a connection is open; `refuse`: it never is. Default 1. */
  readonly connect?: (n: number) => number | { readonly refuseAfter: number; readonly failure: Failure };
  /** Parts of the answer to the n-th request, and when each comes; a failure or null (an orderly end) ends the connection. */
  readonly answer: (n: number) => readonly (readonly [afterMs: number, part: string | Failure | null])[];
}

interface Planned {
  readonly atNs: number;
  readonly order: number;
  readonly run: () => void;
}

export class FakeTransport implements Transport {
  readonly name = "net";
  nowNs = 1e9;
  readonly #server: FakeServer;
  #planned: Planned[] = [];
  #order = 0;
  #connections = 0;
  #requests = 0;
  /** Connections open now, and requests as text. */
  opened = 0;
  readonly requests: string[] = [];

  constructor(server: FakeServer) {
    this.#server = server;
  }

  readonly now = (): number => this.nowNs;

  /** Does something at a time of its own. */
  at(ms: number, run: () => void): void {
    this.#planned.push({ atNs: this.nowNs + ms * 1e6, order: this.#order++, run });
  }

  open(events: ConnectionEvents): Wire {
    let [closed, counted] = [false, false];
    const outcome = this.#server.connect?.(this.#connections++) ?? 1;
    if (typeof outcome === "number") {
      this.at(outcome, () => {
        if (closed) return;
        this.opened++;
        counted = true;
        events.onOpen({ tcpNs: this.nowNs, tlsNs: null });
      });
    } else {
      this.at(outcome.refuseAfter, () => {
        if (!closed) events.onClose(this.nowNs, outcome.failure);
        closed = true;
      });
    }
    const end = () => {
      if (!closed && counted) this.opened--;
      closed = true;
    };
    return {
      write: (bytes) => {
        this.requests.push(new TextDecoder().decode(bytes));
        for (const [after, part] of this.#server.answer(this.#requests++)) {
          this.at(after, () => {
            if (closed) return;
            if (typeof part === "string") {
              const text = new TextEncoder().encode(part);
              return events.onData(text, text.length, this.nowNs);
            }
            end();
            events.onClose(this.nowNs, part);
          });
        }
      },
      close: end,
      retransmits: () => null,
    };
  }

  run(turn: (nowNs: number) => number | null): Promise<void> {
    for (let steps = 0; steps < 1e6; steps++) {
      const due = turn(this.nowNs);
      if (due === null) return Promise.resolve();
      this.#planned.sort((a, b) => a.atNs - b.atNs || a.order - b.order);
      const [next] = this.#planned;
      if (next !== undefined && next.atNs <= due) {
        this.#planned.shift();
        this.nowNs = Math.max(this.nowNs, next.atNs);
        next.run();
      } else this.nowNs = Math.max(this.nowNs, due);
    }
    throw new Error("the run does not end");
  }
}
