/** Does a thread of this process serve one request at a time, calls included? Then the thread says whose call it is. */
import type { ExchangeEvent } from "../model/kernel_event.ts";
import type { Call } from "./calls.ts";

interface Served {
  readonly turn: ExchangeEvent;
  readonly startNs: number;
  readonly endNs: number;
}

/** Calls made while several requests were waiting: fewer decide nothing. */
const LEAST = 8;
/** Of them, how many must have been made by the thread of one of those requests. */
const SHARE = 0.95;

/**
 * Learned, not assumed: an event loop serves everything on one thread, and a runtime with a scheduler of its own (Go, tokio) moves a
 * request about. Threads tell where no thread ever had two requests waiting at a time, and calls come from a request's own thread.
 */
export function threadsTell(
  requests: readonly Served[],
  calls: readonly Call[],
  during: (call: Call) => readonly Served[],
): boolean {
  const last = new Map<number, number>();
  // From when a thread took it up: until then it lay in a queue.
  const taken = requests.map(({ turn, startNs, endNs }) => ({
    tid: turn.owner.tid,
    at: turn.firstRead?.ns ?? startNs,
    endNs,
  }));
  for (const { tid, at, endNs } of taken.sort((a, b) => a.at - b.at)) {
    if ((last.get(tid) ?? -Infinity) > at) return false;
    last.set(tid, endNs);
  }
  let contested = 0;
  let own = 0;
  for (const call of calls) {
    if (call.turn === null) continue;
    const waiting = during(call);
    if (waiting.length < 2) continue;
    contested++;
    if (waiting.some(({ turn }) => turn.owner.tid === call.turn!.owner.tid)) own++;
  }
  return contested >= LEAST && own >= SHARE * contested;
}
