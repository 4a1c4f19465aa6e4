/** What a service does while it has no request; and peers it talks to on its own account: telemetry, health, refreshes. */
import { addressOf, type Call } from "./calls.ts";
import { IntervalIndex } from "./interval_index.ts";

/** A peer is background when this many of its calls, and this share, were made while the service had no request at all. */
const LEAST = 3;
const SHARE = 0.1;

export class Background {
  readonly #busy: IntervalIndex;
  readonly #peers = new Map<string, { made: number; idle: number }>();

  /** @param requests from the first byte of the request to the last of the answer */
  constructor(
    calls: readonly Call[],
    requests: readonly { readonly startNs: number; readonly overNs: number }[],
  ) {
    this.#busy = new IntervalIndex(requests.map(({ startNs, overNs }) => ({ startNs, endNs: overNs })), () => "busy");
    // Turns come from the probe that requests come from; a connect or a look-up may have been seen before it was attached.
    for (const call of calls.filter(({ turn }) => turn !== null)) {
      const row = this.#peers.get(addressOf(call)) ?? { made: 0, idle: 0 };
      row.made++;
      if (this.wasIdle(call)) row.idle++;
      this.#peers.set(addressOf(call), row);
    }
  }

  /** There was no request when the call began. */
  wasIdle(call: Call): boolean {
    return this.#busy.near("busy", call.anchorNs, 0).length === 0;
  }

  /** Its peer is one of those: a step of nobody's request. Where requests overlap all the time nobody can tell, and none is. */
  has(call: Call): boolean {
    const { made, idle } = this.#peers.get(addressOf(call)) ?? { made: 0, idle: 0 };
    return idle >= LEAST && idle >= SHARE * made;
  }
}
