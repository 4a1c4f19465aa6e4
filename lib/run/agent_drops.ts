/** What an agent lost, by reason: in the kernel, while reading, and on the way out. */
import type { DropReason, Drops } from "../model/agent_drops.ts";

export class AgentDrops {
  readonly #counts: Partial<Record<DropReason, number>> = {};

  add(reason: DropReason, count = 1): void {
    if (count > 0) this.#counts[reason] = (this.#counts[reason] ?? 0) + count;
  }

  /** Everything so far. `seen`: losses of the watch, by name, as `Watch.drops` gives them. */
  all(seen: Readonly<Record<string, number>>): Drops {
    const all = { ...this.#counts };
    for (const [name, count] of Object.entries(seen)) {
      const reason = reasonOf(name);
      if (count > 0) all[reason] = (all[reason] ?? 0) + count;
    }
    return all;
  }

  /** Lost on the way out alone. */
  get onTheWay(): Drops {
    return { ...this.#counts };
  }
}

function reasonOf(name: string): DropReason {
  if (name.startsWith("decode_")) return "decode";
  return name.endsWith("_table_full") ? "table_full" : "ring_full";
}
