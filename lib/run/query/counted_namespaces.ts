/**
 * Which namespaces the requests came from that the objectives count. They are counted together: where several namespaces have a service
 * of that name, what is counted is no single one's.
 */
import type { SloEvent } from "../../model/slo_event.ts";

export class CountedNamespaces {
  /** The one that was named; null: none was, or more than one. */
  #only: string | null = null;
  #isMixed = false;

  /** @param service whose requests are counted */
  constructor(readonly service: string) {}

  learn(events: readonly Pick<SloEvent, "service" | "namespace">[]): void {
    for (const { service, namespace } of events) {
      if (service !== this.service || namespace === "" || namespace === this.#only) continue;
      if (this.#only !== null) this.#isMixed = true;
      this.#only ??= namespace;
    }
  }

  /** Whether who may see `ns` alone may see all that is counted; "": who may see everything. */
  areSeenBy(ns: string): boolean {
    return ns === "" || !this.#isMixed && (this.#only === null || this.#only === ns);
  }
}
