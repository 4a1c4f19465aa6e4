/** The events that requests can be made of, kept while watching: bounded, the oldest go first. */
import { type KernelEvent, processKey } from "../model/kernel_event.ts";

/** About 50 MB of them. */
const MOST_EVENTS = 50_000;

export class RequestLog {
  #events: KernelEvent[] = [];
  /** Processes that exchange anything; what others waited for is nobody's request. */
  readonly #exchanging = new Set<string>();
  #forgottenUntilNs: number | null = null;

  add(event: KernelEvent): void {
    switch (event.kind) {
      case "exchange":
        this.#exchanging.add(processKey(event.owner));
        break;
      case "runq":
      case "throttled":
      case "timer":
        if (!this.#exchanging.has(processKey(event.owner))) return;
        break;
      case "dns":
      case "connect":
      case "tls":
      case "retransmit":
      case "gap":
        break;
      default:
        return;
    }
    this.#events.push(event);
    if (this.#events.length > MOST_EVENTS) this.#forget();
  }

  get events(): readonly KernelEvent[] {
    return this.#events;
  }

  /** Kernel clock: nothing that ended before is kept any more; null when everything is. */
  get forgottenUntilNs(): number | null {
    return this.#forgottenUntilNs;
  }

  #forget(): void {
    this.#forgottenUntilNs = this.#events[MOST_EVENTS >> 1]!.tsNs;
    this.#events = this.#events.slice((MOST_EVENTS >> 1) + 1);
    this.#exchanging.clear();
    for (const { kind, owner } of this.#events) if (kind === "exchange") this.#exchanging.add(processKey(owner));
  }
}
