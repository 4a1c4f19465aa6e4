/**
 * Which failed connects are worth telling. A client that tries IPv6 first and reaches the same port over IPv4 within 2 s
 * (happy eyeballs, `localhost`) did what it should; so did one that tried two addresses at once and gave up the slower. A second address
 * of the same family that saves a call does not excuse the first: that one is down.
 */
import { type ConnectEvent, processKey } from "../model/kernel_event.ts";

const FALLBACK_NS = 2e9;
const ECANCELED = 125;
/** Bounds: failures not judged yet, and (process, port) pairs whose last connect of each family is remembered. */
const MAX_PENDING = 8192;
const MAX_KEYS = 8192;

function keyOf(event: ConnectEvent): string {
  return `${processKey(event.owner)}|${event.tuple.dstPort}`;
}

export class ConnectFailures {
  readonly #reached4 = new Map<string, number>();
  readonly #reached6 = new Map<string, number>();
  #pending: ConnectEvent[] = [];
  #excused = 0;

  constructor(readonly failed: (event: ConnectEvent) => void) {}

  /** Failed IPv6 attempts that IPv4 made good, and those given up because another address was faster. */
  get excused(): number {
    return this.#excused;
  }

  add(event: ConnectEvent): void {
    const v6 = event.tuple.dstIp.includes(":");
    if (event.errno === 0) {
      this.#remember(event, v6 ? this.#reached6 : this.#reached4);
    } else if (v6 || event.errno === ECANCELED) {
      this.#pending.push(event);
    } else {
      this.failed(event);
    }
    let due = 0;
    while (due < this.#pending.length && (this.#pending[due]?.tsNs ?? 0) < event.tsNs - FALLBACK_NS) due++;
    due = Math.max(due, this.#pending.length - MAX_PENDING);
    if (due > 0) this.#judge(this.#pending.splice(0, due));
  }

  /** No more events: judges what is left. */
  finish(): void {
    this.#judge(this.#pending.splice(0));
  }

  #remember(event: ConnectEvent, reached: Map<string, number>): void {
    const key = keyOf(event);
    reached.delete(key); // the keys' order is that of last use
    reached.set(key, event.tsNs);
    for (const stale of reached.keys()) {
      if (reached.size <= MAX_KEYS) break;
      reached.delete(stale);
    }
  }

  #judge(failures: readonly ConnectEvent[]): void {
    for (const failure of failures) {
      const near = (reachedNs = -Infinity) => Math.abs(reachedNs - failure.tsNs) <= FALLBACK_NS;
      const key = keyOf(failure);
      const slower = failure.errno === ECANCELED && near(this.#reached6.get(key));
      if (slower || near(this.#reached4.get(key))) this.#excused++;
      else this.failed(failure);
    }
  }
}
